"""What zxing-cpp finds in the photographs: one JSON object a line, as the bench's own.

Started by `cargo xtask bench --frames DIR` with a Python that has zxing-cpp, Pillow and numpy. All modes: try_rotate,
try_downscale and try_invert, for QR and Code 128. Time is the thread's processor time.
"""

import json
import pathlib
import sys
import time

import numpy
import zxingcpp
from PIL import Image

folder = pathlib.Path(sys.argv[1])


def wanted(image):
    for kind in (".txt", ".bin"):
        beside = image.with_suffix(kind)
        if beside.exists():
            content = beside.read_bytes()
            texts = {content.decode("latin-1").rstrip()}
            try:
                texts.add(content.decode("utf-8").rstrip())
            except UnicodeDecodeError:
                pass
            return texts
    return None


def grey(image):
    picture = Image.open(image)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    return numpy.asarray(picture.convert("L"))


formats = (zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128)
for image in sorted(p for p in folder.rglob("*") if p.suffix in (".png", ".jpg", ".jpeg")):
    texts = wanted(image)
    if texts is None:
        continue
    luma = grey(image)
    before = time.thread_time()
    found = zxingcpp.read_barcodes(luma, formats=formats, try_rotate=True, try_downscale=True, try_invert=True)
    took = (time.thread_time() - before) * 1e3
    hit = any(one.text.rstrip() in texts or one.bytes.decode("latin-1").rstrip() in texts for one in found)
    line = {"file": str(image.relative_to(folder)), "hit": hit, "texts": len(found), "ms": took, "wrong": not hit and len(found) > 0}
    print(json.dumps(line), flush=True)
