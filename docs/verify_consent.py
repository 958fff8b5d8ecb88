#!/usr/bin/env python3
"""Verifies exports of consents: python3 verify_consent.py FILE...   (JSON or HTML; needs the package `cryptography`)

It shares no code with the wallet and believes nothing but signatures: the events decide, the records and the page beside
them are only sealed. One line for each file: `good` and what was found, or `bad` and the part that is not right; ends with 1
if one is bad. Formats: gateway.md, "Signed bytes". Compare the keys it prints with those the company publishes.
"""
import base64, datetime, hashlib, json, sys  # noqa: E401

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

MARK, END = '<script type="application/json" id="jigap-consent-export">', "</script>\n</body>\n</html>\n"
TEXTS = ["items", "transfer", "recipient", "purpose", "retention", "refusal"]
IMPORTANT = {"items", "recipient", "purpose", "retention"}
TELLS = ("presented", "acknowledged")

class Bad(Exception):
    """The part that is not right."""

def need(holds, part):
    if not holds:
        raise Bad(part)

def sha(data):
    return hashlib.sha256(data).digest()

def signed(key, message, signature):
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        point.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        return True
    except Exception:
        return False

class Reader:
    """Canonical bytes: a magic, then fields with their length (4 bytes, big-endian) in front."""

    def __init__(self, data, *magics):
        need(data[:4] in magics, "event")
        self.data, self.at = data, 4

    def bytes(self, size=None):
        head = self.data[self.at:self.at + 4]
        end = self.at + 4 + int.from_bytes(head, "big")
        need(len(head) == 4 and end <= len(self.data), "event")
        value, self.at = self.data[self.at + 4:end], end
        need(size is None or len(value) == size, "event")
        return value

    def text(self):
        return self.bytes().decode()

    def number(self):
        return int.from_bytes(self.bytes(8), "big", signed=True)

    def list(self, read):
        count = self.number()
        need(0 <= count <= 1000, "event")
        return [read() for _ in range(count)]

    def end(self):
        need(self.at == len(self.data), "event")

def read_event(data):
    r = Reader(data, b"JCE1", b"JCE2")
    new = data[3:4] == b"2"
    e = {"record": r.bytes(16), "seq": r.number(), "previous": r.bytes(32), "kind": r.text()}
    e["about"] = r.list(lambda: r.bytes(16)) if new else []
    e["network"] = r.text()
    e["document"] = (r.text(), r.number(), r.bytes(32))
    e["issuer"] = (r.bytes(32), r.bytes()) if new else None
    e["terms"] = (r.text(), r.number(), r.text()) if new else ("payment", 1, "KR-PIPA-28-8-1-1")
    e["data"] = r.list(r.text)
    e["recipients"] = r.list(lambda: {"name": r.text(), "contact": r.text(), "country": r.text()})
    e["ends"] = r.list(r.number) if new else []
    e["locale"] = r.text()
    e["rendered"] = r.bytes(32) if new else None
    r.number()  # size of the text
    if new:
        r.list(r.text), r.list(r.text)  # order, emphasis
    need(r.number() in (0, 1), "event")
    r.number()  # time on screen
    if new:
        r.text(), r.text(), r.text()  # control, app, core
    e["device"] = r.bytes(16)
    e["keys"] = (r.bytes(32), r.bytes(32)) if new else None
    e["proof"] = r.list(lambda: (r.text(), r.bytes(), r.bytes())) if new else []
    e["guardian"] = r.list(lambda: (r.bytes(), r.bytes())) if new else []
    r.number(), r.number(), r.bytes(16)  # the device's clocks
    e["server"] = r.number()
    read_log = lambda: (r.bytes(32), r.number(), r.number(), r.bytes(32), r.number(), r.bytes(), r.list(lambda: r.bytes(32)))
    e["log"] = r.list(read_log) if new else []
    r.end()
    need(all(len(e[name]) <= 1 for name in ("about", "ends", "proof", "guardian", "log")), "event")
    e["hash"] = sha(data)
    return e

def field(value):
    value = value.to_bytes(8, "big", signed=True) if isinstance(value, int) else value
    return len(value).to_bytes(4, "big") + value

def rendered(text):
    """What was on screen, format JCR1."""
    shown = [name for name in TEXTS if text.get(name)]
    out = b"JCR1" + field(text["title"].encode()) + field(len(shown))
    for name in shown:
        out += field(name.encode()) + field(text[name].encode()) + field(int(name in IMPORTANT))
    return sha(out)

def included(leaf, index, size, root, path):
    """RFC 9162, 2.1.3.2."""
    at, last, found = index, size - 1, sha(b"\0" + leaf)
    if not 0 <= index < size:
        return False
    for step in path:
        if not last:
            return False
        if at & 1 or at == last:
            found = sha(b"\1" + step + found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = sha(b"\1" + found + step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root

def says(e, challenge):
    r = Reader(challenge, b"JCC1")
    device, network = r.bytes(16), r.text()
    said = r.list(lambda: (r.bytes(16), r.bytes(32), r.number()))
    r.end()
    return device == e["device"] and network == e["network"] and (e["about"][0], e["document"][2], int(e["kind"] == "granted")) in said

def check_event(e, earlier, documents, keys):
    document = documents.get(e["document"][2])
    need(document is not None, "document")
    need(all(e[name] == document[name] for name in ("network", "data", "recipients")), "document")
    need(e["document"][:2] == (document["id"], document["version"]), "document")
    terms = (document.get("purpose", "payment"), int(document.get("required", True)), document.get("basis", "KR-PIPA-28-8-1-1"))
    need(e["terms"] == terms, "document")
    need(e["issuer"] is None or e["issuer"][0] == sha(keys["controller"]), "document")
    if e["rendered"] is not None and e["kind"] != "acknowledged" and e["locale"]:
        need(e["locale"] in document["texts"] and rendered(document["texts"][e["locale"]]) == e["rendered"], "shown")
    for _, challenge, signature in e["proof"]:
        need(e["keys"][1] == sha(keys["user"]) and signed(keys["user"], challenge, signature) and says(e, challenge), "proof")
    for confirmation, signature in e["guardian"]:
        need(signed(keys["controller"], confirmation, signature), "guardian")
        c = json.loads(confirmation)
        need(c["device"] == e["device"].hex() and e["document"][2].hex() in c["documents"] and e["server"] < c["until"], "guardian")
    for event, index, size, root, at, signature, path in e["log"]:
        need(any(x["hash"] == event and [x["record"]] == e["about"] for x in earlier) and keys["log"] is not None, "log")
        head = b"JTH1" + field(size) + field(root) + field(at)
        need(signed(keys["log"], head, signature) and included(event, index, size, root, path), "log")

def verify(text):
    page, mark, rest = text.partition(MARK)
    need(not mark or rest.endswith(END), "page")
    whole = json.loads(rest[:-len(END)] if mark else text)
    need(whole["format"] == "jigap-consent-export/1" and len(whole) == (4 if mark else 3), "format")
    content = whole["content"]
    keys = {name: base64.b64decode(key) if key is not None else None for name, key in content["keys"].items()}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    need(signed(keys["device"], b"JCX1-sig" + sha(canonical), base64.b64decode(whole["seal"])), "seal")
    need(not mark or signed(keys["device"], b"JCX1-page" + sha(page.encode()), base64.b64decode(whole["page"])), "page")
    documents = {}
    for document in content["documents"]:
        data = base64.b64decode(document["bytes"])
        need(signed(keys["controller"], data, base64.b64decode(document["signature"])), "document")
        documents[sha(data)] = json.loads(data)
    events, previous, standing = [], bytes(32), {}
    for number, item in enumerate(content["events"], 1):
        data = base64.b64decode(item["bytes"])
        need(signed(keys["device"], b"JCE1-sig" + sha(data), base64.b64decode(item["signature"])), "event")
        e = read_event(data)
        need(e["keys"] is None or e["keys"][0] == sha(keys["device"]), "event")
        need(e["seq"] == number and e["previous"] == previous and e["device"].hex() == content["device"], "chain")
        check_event(e, events, documents, keys)
        events, previous = [*events, e], e["hash"]
        if e["kind"] not in TELLS:
            standing[e["network"], e["terms"][0]] = e if e["kind"] == "granted" else None
    made = datetime.datetime.fromisoformat(content["made"].replace("Z", "+00:00"))
    made = (made - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)
    force = [e for e in events if standing.get((e["network"], e["terms"][0])) is e and (not e["ends"] or made < e["ends"][0])]
    told = [{"network": e["network"], "purpose": e["terms"][0], "record": e["record"].hex(), "document": e["document"][2].hex()} for e in force]
    need(content["effective"] == told, "effective")
    proven, logged = sum(len(e["proof"]) for e in events), sum(len(e["log"]) for e in events)
    counts = f"events {len(events)} effective {len(force)} proven {proven} logged {logged}"
    return f"{counts} device {sha(keys['device']).hex()} controller {sha(keys['controller']).hex()}"

if __name__ == "__main__":
    failed = False
    for name in sys.argv[1:]:
        try:
            print("good", verify(open(name, encoding="utf-8", newline="").read()), name)
        except Exception as why:
            failed = True
            print("bad", why if isinstance(why, Bad) else "format", name)
    sys.exit(int(failed))
