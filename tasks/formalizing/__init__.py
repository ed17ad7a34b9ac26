"""Formal text: how one problem's images become it, step by step."""

from tasks.formalizing.draft import make_blank_row
from tasks.formalizing.formalizer import Formalizer, list_images

__all__ = ["Formalizer", "list_images", "make_blank_row"]
