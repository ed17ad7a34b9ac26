"""Chinese answers in the forms that the rules read: numerals, units, dates, truth values, options.

Half-width text comes in; the same text with 21 for the numeral, `5 cm` for the unit, `yes` for
the truth value and `option B` for the choice goes out. A numeral within another word (a triangle,
a weekday) stays as it is. Linear in the text.
"""

import re

_DIGITS = {"零": 0, "\u3007": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6,
           "七": 7, "八": 8, "九": 9}  # fmt: skip
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_UNITS = {
    "毫米": "mm", "厘米": "cm", "分米": "dm", "千米": "km", "公里": "km", "米": "m",
    "毫克": "mg", "千克": "kg", "公斤": "kg", "克": "g", "吨": "t", "毫升": "ml", "升": "l",
    "毫秒": "ms", "秒": "s", "分钟": "min", "小时": "h", "天": "day", "周": "week", "星期": "week",
    "个月": "month", "年": "year", "美元": "dollar", "欧元": "euro", "元": "yuan", "度": "°",
}  # fmt: skip
_COUNTERS = "个只条本支张块辆件人名位头棵朵颗次岁页题道种双台艘架间户"
_TRUE = "是的?|对的?|正确的?|真"
_FALSE = "否|不是的?|不对|错误的?|错的?|不正确|假"

_HAN = re.compile("[\u4e00-\u9fff\u3007]")
_TRUTH = re.compile(rf"(?:(?P<true>{_TRUE})|(?:{_FALSE}))(?=$|[,.;!])")
_OPTION = re.compile(r"选(?:项|择)?:? ?(?=[(\[]?[A-Z](?![A-Za-z]))")
_OPTION_AFTER = re.compile(r"(?<![A-Za-z])([A-Z]) ?(?:选项|项)(?=$|[,.;]|是?正确)")
_ABOUT = re.compile("^(?:大约|大概|约)(?:是|为)?")
_CORRECT = re.compile("(?<=option [A-Z]) ?是?(?:正确|对)的?")
_ANSWER = re.compile("^(?:正确)?(?:答案|答)(?:是|为|选)?:? ?")
_NUMERAL = f"[{''.join(_DIGITS)}{''.join(_SCALES)}]{{1,30}}"
_NUMBER = re.compile(
    rf"(?:(?<![\u4e00-\u9fff\u3007])|(?<=[是为有得共约成于年月午晨])|(?<=[早晚傍]上))(?P<sign>负?)"
    rf"(?:(?P<percent>百分之(?P<hundredths>{_NUMERAL}))"
    rf"|(?:(?P<whole>{_NUMERAL})又)?(?P<under>{_NUMERAL})分之(?P<over>{_NUMERAL})"
    rf"|(?P<number>{_NUMERAL})(?:点(?P<decimals>[{''.join(_DIGITS)}]{{1,30}}))?)"
    rf"(?:(?![\u4e00-\u9fff\u3007])|(?=平方|立方|月|日|号|点|分|[倍成折]|{'|'.join(_UNITS)}|[{_COUNTERS}]))"
)
_MAGNITUDE = re.compile(r"(?<=[0-9]) ?(?P<scale>百万|千万|[百千万亿])(?![克米瓦卡])")
_EXPONENTS = {"百": 2, "千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8}
_DATE = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})[日号]")
_DAY = re.compile(r"(?<![0-9])([0-9]{1,2})月([0-9]{1,2})[日号]")
_MONTHS = "January February March April May June July August September October November December"
_HALVES = {"上午": "am", "早上": "am", "早晨": "am", "凌晨": "am",
           "下午": "pm", "傍晚": "pm", "晚上": "pm", "中午": "pm"}  # fmt: skip
_HALF_TIME = re.compile(
    rf"(?P<half>{'|'.join(_HALVES)}) ?(?P<hour>[0-9]{{1,2}})"
    r"(?:[点时](?:(?P<minute>[0-9]{1,2})分?|半|整|钟)?|:(?P<minutes>[0-9]{2}))(?![0-9:钟])"
)
_TIME = re.compile(r"(?P<hour>[0-9]{1,2})[点时](?:(?P<minute>[0-9]{1,2})分|半|整|钟)(?!钟)")
_UNIT = re.compile(rf"(?<=[0-9%/)]) ?(?P<power>平方|立方|)(?P<unit>{'|'.join(_UNITS)})")
_COUNTER = re.compile(rf"(?<=[0-9]) ?[{_COUNTERS}](?=$|[,.;]|[\u4e00-\u9fff])")


def translate_chinese(text: str) -> str:
    """Write the Chinese forms of an answer in the forms that the rules read."""
    if not _HAN.search(text):
        return text
    text = _ABOUT.sub("about ", _ANSWER.sub("answer: ", text))
    text = _OPTION_AFTER.sub(r"option \1", _OPTION.sub("option ", text))
    text = _CORRECT.sub(" is correct", text)
    truth = _TRUTH.match(text)
    if truth:
        return ("yes" if truth["true"] else "no") + text[truth.end() :]
    text = "1/2" if text == "一半" else _NUMBER.sub(_write_number, text)
    text = _DAY.sub(_write_day, _DATE.sub(r"\1-\2-\3", text))
    text = _TIME.sub(_write_time, _HALF_TIME.sub(_write_half_time, text))
    text = _MAGNITUDE.sub(lambda found: f"e{_EXPONENTS[found['scale']]}", text)
    return _COUNTER.sub(" ", _UNIT.sub(_write_unit, text))


def _write_number(found: re.Match[str]) -> str:
    sign = "-" if found["sign"] else ""
    names = ("hundredths", "whole", "under", "over", "number")
    values = {name: _read_numeral(found[name]) for name in names if found[name]}
    if None in values.values():
        return found[0]
    if "hundredths" in values:
        return f"{sign}{values['hundredths']}%"
    if "under" in values:
        whole = f"{values['whole']} " if "whole" in values else ""
        return f"{sign}{whole}{values['over']}/{values['under']}"
    decimals = "".join(str(_DIGITS[digit]) for digit in found["decimals"] or "")
    return f"{sign}{values['number']}" + (f".{decimals}" if decimals else "")


def _read_numeral(text: str) -> int | None:
    """Read a numeral with places or digit by digit (a year); None where it begins with a scale."""
    if len(text) > 1 and all(sign in _DIGITS for sign in text):
        return int("".join(str(_DIGITS[sign]) for sign in text))
    total, group, digit = 0, 0, 1 if text[0] == "十" else 0
    for sign in text:
        scale = _SCALES.get(sign)
        if scale is None:
            digit = _DIGITS[sign]
        elif scale >= 10**4:
            total, group, digit = (total + group + digit) * scale, 0, 0
        else:
            group, digit = group + digit * scale, 0
    value = total + group + digit
    return value if value or text in _DIGITS else None


def _write_unit(found: re.Match[str]) -> str:
    power = {"": "", "平方": "^2", "立方": "^3"}[found["power"]]
    return f" {_UNITS[found['unit']]}{power}"


def _write_day(found: re.Match[str]) -> str:
    month = int(found[1])
    return f"{_MONTHS.split()[month - 1]} {found[2]}" if 1 <= month <= 12 else found[0]


def _write_time(found: re.Match[str]) -> str:
    minute = found["minute"] or ("30" if "半" in found[0] else "00")
    return f"{found['hour']}:{minute:0>2}"


def _write_half_time(found: re.Match[str]) -> str:
    """Write the half of the day behind; 12 in the evening is midnight, 11 at midday the morning."""
    minute = found["minute"] or found["minutes"] or ("30" if "半" in found[0] else "00")
    is_turned = (found["half"], found["hour"]) in (("晚上", "12"), ("中午", "11"))
    half = "am" if is_turned else _HALVES[found["half"]]
    return f"{found['hour']}:{minute:0>2}" + (f" {half}" if int(found["hour"]) <= 12 else "")
