"""What parsers in Python make of codes: as `parse.mjs`. The one of a single scheme is asked about that scheme's codes only."""

import json
import sys

import cemacqr
import qriskit


def generic(code):
    read = cemacqr.EmvQr.parse(code)
    return {item.tag: item.value for item in read.objects} if read.crc_ok else "refused"


def qris(code):
    if "ID.CO.QRIS.WWW" not in code.upper():
        return None
    return {node.tag: node.value for node in qriskit.parse(code).nodes} if qriskit.is_valid(code) else "refused"


PARSERS = {
    "pypi cemacqr 0.1.2": (generic, cemacqr.CemacQrError),
    "pypi qriskit 0.2.0": (qris, qriskit.QRISError),
}


def ask(parser, refusal, code):
    try:
        return parser(code)
    except refusal:
        return "refused"
    except Exception:
        return "broke"


for line in sys.stdin:
    text = json.loads(line)
    print(json.dumps({name: ask(parser, refusal, text) for name, (parser, refusal) in PARSERS.items()}))
