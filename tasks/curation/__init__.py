"""Curation: edit and filter verified rollouts, rate and split their problems, find benchmark rows.

Kernels: text or tables in, text or tables out; no Prefect, no input or output. Each filter says why
in a word (`drop_reason`). Text: `trimming`, `phrases`, `leaks`, `grounding`, `repetition`,
`wording`, `language`, `layout`, `lengths`; tables: `pass_rates`, `near_duplicates`, `splits`,
`contamination`, `markers`. The others serve these: `words` and `phrase_index` read text,
`protection` finds what no edit may touch, `image_hashes`, `shingles`, `minhash` and `banding` find
pairs without comparing all.
"""
