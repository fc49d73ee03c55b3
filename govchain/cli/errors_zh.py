"""Error messages in Chinese: the frame of each, and the sentences that people who write files meet most.

A sentence that is not here is shown in English inside the Chinese frame. Turns text into text, nothing else.
"""

from __future__ import annotations

import re
from typing import Final

HEADLINES_ZH: Final = {
    "does not hold": "不成立",
    "bad input": "输入有误",
    "undecided": "未决",
    "cannot run here": "无法在此运行",
}
LABELS_ZH: Final = {"found": "发现", "expected": "应为", "what to do": "处理办法"}
"""What stands before a part of a message."""

SENTENCES_ZH: Final = tuple(
    (re.compile(pattern), zh)
    for pattern, zh in (
        (r"unknown key", "未知的键"),
        (r"unknown key(?: in )(.+)", r"\1 中有未知的键"),
        (r"key '(.+)' is missing", r"缺少键 \1"),
        (r"key '(.+)' is missing in (.+)", r"\2 中缺少键 \1"),
        (r"key '(.+)' appears twice", r"键 \1 重复"),
        (r"(.+): wrong type", r"\1：类型不符"),
        (r"(.+): not allowed", r"\1：超出允许范围"),
        (r"(.+): unknown value", r"\1：未知的取值"),
        (r"no such file", "没有该文件"),
        (r"this is a directory", "这是文件夹"),
        (r"the file is empty", "文件为空"),
        (r"the file is too large", "文件过大"),
        (r"not UTF-8", "不是 UTF-8 编码"),
        (r"nested too deeply", "嵌套过深"),
        (r"too many values", "取值过多"),
        (r"not YAML: (.+)", r"不是 YAML：\1"),
        (r"unknown target", "未知的对象"),
        (r"unknown organisation", "未知的机构"),
        (r"unknown person", "未知的人员"),
        (r"unknown step", "未知的步骤"),
        (r"unknown backend", "未知的后端"),
        (r"the name is taken", "名称已被使用"),
        (r"a fault needs exactly one trigger", "一个故障须有且仅有一个触发条件"),
        (r"every has no time between", "every 两次之间没有间隔"),
        (r"no run lasts so long", "运行不会持续这么久"),
        (r"not a condition", "不是条件"),
        (r"not a comparison", "不是比较式"),
        (r"not a unified social credit code", "不是统一社会信用代码"),
        (r"no network to talk to", "没有可连接的网络"),
        (r"who signs\?", "由谁签署？"),
        (r"(--[a-z]+): there is no such folder", r"\1：没有该文件夹"),
        (r"(--[a-z]+): this is no folder", r"\1：这不是文件夹"),
        (r"(--[a-z]+): this is a directory", r"\1：这是文件夹"),
        (r"(--[a-z]+): nothing can be written here", r"\1：此处不可写"),
        (r"a whole number", "整数"),
        (r"a number", "数字"),
        (r"text", "文本"),
        (r"a list", "列表"),
        (r"a mapping of keys", "键值映射"),
        (r"a file in UTF-8", "UTF-8 编码的文件"),
        (r"a YAML file", "YAML 文件"),
        (r"a new name", "新的名称"),
        (r"at least (.+)", r"至少 \1"),
        (r"at most (.+)", r"至多 \1"),
        (r"one of:? (.+)", r"下列之一：\1"),
        (r"a duration such as (.+) or (.+)", r"时长，如 \1 或 \2"),
    )
)
"""What a whole sentence is in English, and in Chinese."""


def sentence_zh(text: str) -> str:
    """A sentence of an error in Chinese, or as it is when the table does not know it."""
    for pattern, zh in SENTENCES_ZH:
        matched = pattern.fullmatch(text)
        if matched is not None:
            return matched.expand(zh)
    return text
