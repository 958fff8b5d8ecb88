"""Reads pictures with zbarimg and zxing-cpp, both as they come, and compares what they say with what was drawn.

    python read.py FOLDER

FOLDER/list.tsv has a line for each picture: file name, `qr` or `code128`, the text in Base64. Prints one line for each
picture that a reader did not read back, without the text, and at last `zbarimg N/M zxing-cpp N/M`. Exit 1 if any failed.
"""

import base64
import subprocess
import sys
from pathlib import Path

import zxingcpp
from PIL import Image


def zbar(folder, kind, names):
    """File name -> texts that zbarimg found in it. No text holds a line end, so a line is a symbol.

    Each kind is looked for alone: in the noise of a large QR symbol zbar also sees a line code of four digits now and then.

    Not --xml: its Base64 of anything but ASCII is wrong (zbar 0.23.92), which says nothing about the reading.
    """
    command = ["zbarimg", "--quiet", "--raw", "-Sdisable", f"-S{kind}.enable", *names]
    said = subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout
    lines = said.split(b"\n")[:-1]
    if len(names) == 1:
        return {names[0]: lines}
    if len(lines) == len(names):
        return {name: [line] for name, line in zip(names, lines)}
    # Some picture gave no symbol, or two: which one is seen only alone.
    return {name: found for one in names for name, found in zbar(folder, kind, [one]).items()}


def zxing(folder, name, kind):
    formats = zxingcpp.BarcodeFormat.QRCode if kind == "qr" else zxingcpp.BarcodeFormat.Code128
    return [symbol.text.encode() for symbol in zxingcpp.read_barcodes(Image.open(folder / name).convert("L"), formats)]


def main():
    folder = Path(sys.argv[1])
    lines = [line.split("\t") for line in (folder / "list.tsv").read_text().splitlines()]
    wanted = [(name, kind, base64.b64decode(text)) for name, kind, text in lines]
    by_zbar = {}
    for kind, zbar_kind in (("qr", "qrcode"), ("code128", "code128")):
        names = [name for name, other, _ in wanted if other == kind]
        for start in range(0, len(names), 50):
            by_zbar.update(zbar(folder, zbar_kind, names[start : start + 50]))
    good = {"zbarimg": 0, "zxing-cpp": 0}
    for name, kind, text in wanted:
        for reader, found in (("zbarimg", by_zbar.get(name, [])), ("zxing-cpp", zxing(folder, name, kind))):
            if found == [text]:
                good[reader] += 1
            else:
                lengths = [len(other) for other in found]
                print(f"{reader}: {name} ({kind}, {len(text)} bytes): found {len(found)} symbols of {lengths} bytes")
    print(" ".join(f"{reader} {count}/{len(wanted)}" for reader, count in good.items()))
    return 0 if all(count == len(wanted) for count in good.values()) else 1


sys.exit(main())
