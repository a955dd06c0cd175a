#!/usr/bin/env python3
"""Makes the C tables of the vocabulary: embed_words.py OUT VOCABULARY RULES.

A word is ASCII letters in lower case, behind a colon when it counts in functions only. The table is open addressing over FNV-1a, as text_hash() computes it.
"""
import json
import re
import sys

MASK = (1 << 64) - 1


def words_of_vocabulary(path):
    with open(path, encoding='ascii') as file:
        for line in file:
            yield from line.partition('#')[0].split()


def texts_of_rules(value):
    """Links name people; all the rest is ours."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key not in ('url', '$schema'):
                yield key
                yield from texts_of_rules(member)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of_rules(item)
    elif isinstance(value, str):
        yield re.sub(r'\S*(://|#\d)\S*', ' ', value)


def words_of_text(text):
    """The same pieces that the library cuts an identifier into."""
    return re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+', text)


def text_hash(word):
    value = 0xcbf29ce484222325
    for byte in word.encode():
        value = (value ^ byte) * 0x100000001b3 & MASK
    return value


def main():
    out, vocabulary, rules = sys.argv[1:]
    words = set(words_of_vocabulary(vocabulary))
    bad = [word for word in words if not re.fullmatch(':?[a-z]+', word)]
    if bad:
        sys.exit(f'{vocabulary}: no words: {" ".join(sorted(bad))}')
    with open(rules, encoding='utf-8') as file:
        for text in texts_of_rules(json.load(file)):
            words.update(word.lower() for word in words_of_text(text))
    slots = 1
    while slots < 3 * len(words):
        slots *= 2
    table = [0] * slots
    blob = '\0'
    for word in sorted(words):
        at = text_hash(word) & (slots - 1)
        while table[at]:
            at = (at + 1) & (slots - 1)
        table[at] = len(blob)
        blob += word + '\0'
    data = blob.encode()
    lines = ['#include "triage/redact_words.h"', '', 'const char redact_words_text[] = {']
    lines += ['\t' + ' '.join(f'{byte},' for byte in data[at:at + 16]) for at in range(0, len(data), 16)]
    lines += ['};', '', 'const uint32_t redact_words_slots[] = {']
    lines += ['\t' + ' '.join(f'{slot},' for slot in table[at:at + 12]) for at in range(0, slots, 12)]
    lines += ['};', f'const size_t redact_words_slot_count = {slots};', '']
    with open(out, 'w', encoding='ascii') as file:
        file.write('\n'.join(lines))


main()
