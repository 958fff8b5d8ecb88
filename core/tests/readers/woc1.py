"""WOC-1 a second time, from its description alone: Python's standard library and the package `cryptography`.

    python woc1.py vectors FILE    checks every vector of FILE
    python woc1.py issue           reads a request as JSON from standard input, plays the gateway, and writes the answer

Numbers are big-endian. What is written here follows core/src/present/offline and docs/offline-codes.md, not its source text.
"""

import base64
import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def check_digit(digits):
    """Damm: over digits and check digit together it is 0."""
    state = 0
    for digit in digits:
        state = QUASIGROUP[state][int(digit)]
    return state


# Damm 2004, as printed in the Wikipedia article "Damm algorithm".
QUASIGROUP = [[int(c) for c in row] for row in (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790")]


def key_of(master, device, epoch, handle):
    return mac(master, b"woc1 luk", device, epoch.to_bytes(4, "big"), handle.encode())


def one_time(key, epoch, handle, step):
    tag = mac(key, b"wallet-offline-code\x01", epoch.to_bytes(4, "big"), handle.encode(), step.to_bytes(8, "big"))
    return int.from_bytes(tag[:16], "big") % 10**9


def code(prefix, key, epoch, handle, step):
    body = f"{prefix}{epoch % 10}{handle}{one_time(key, epoch, handle, step):09d}"
    return body + str(check_digit(body))


def transport_key(shared, client_nonce, server_nonce, device, epoch):
    info = b"woc1 tr" + device + epoch.to_bytes(4, "big")
    return HKDF(hashes.SHA256(), 32, client_nonce + server_nonce, info).derive(shared)


def field(value):
    return len(value).to_bytes(4, "big") + value


def number(value):
    return field(value.to_bytes(8, "big", signed=True))


def batch(epoch, issued, valid_until, currency, limits, keys):
    out = b"WOB1" + number(epoch) + number(issued) + number(valid_until) + field(currency.encode())
    out += b"".join(number(limit) for limit in limits) + number(len(keys))
    return out + b"".join(field(handle.encode()) + field(key) for handle, key in keys)


def vectors(path):
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    unhex = bytes.fromhex
    for n, v in enumerate(content["codes"]):
        key = key_of(unhex(v["master"]), unhex(v["device"]), v["epoch"], v["handle"])
        assert key.hex() == v["key"], f"code {n}: key"
        assert mac(key, b"woc1 id")[:16].hex() == v["id"], f"code {n}: id"
        assert code(v["prefix"], key, v["epoch"], v["handle"], v["step"]) == v["code"], f"code {n}: code"
    for n, v in enumerate(content["transport"]):
        phone, gateway = (X25519PrivateKey.from_private_bytes(unhex(v[name])) for name in ("phone", "gateway"))
        shared = phone.exchange(gateway.public_key())
        assert shared.hex() == v["shared"], f"transport {n}: shared"
        device, request = unhex(v["device"]), unhex(v["request"])
        key = transport_key(shared, unhex(v["client_nonce"]), unhex(v["server_nonce"]), device, v["epoch"])
        assert key.hex() == v["key"], f"transport {n}: key"
        assert AESGCM(key).decrypt(bytes(12), unhex(v["sealed"]), request).hex() == v["plain"], f"transport {n}: sealed"
    print(f"{len(content['codes'])} codes, {len(content['transport'])} transports agree")


def issue():
    asked = json.load(sys.stdin)
    request, device = asked["request"], bytes.fromhex(asked["device"])
    unbase = base64.b64decode
    name, nonce, public = bytes.fromhex(request["request"]), unbase(request["nonce"]), unbase(request["public"])
    signed = b"woc1-prov" + device + request["epoch"].to_bytes(4, "big") + name + nonce + public
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase(asked["device_key"]))
    key.verify(unbase(request["signature"]), signed, ec.ECDSA(hashes.SHA256()))

    epoch, master, mine = request["epoch"] + 1, bytes(range(32)), X25519PrivateKey.generate()
    handles = ["000000001", "123456789", "999999999", "500000000"]
    keys = [(handle, key_of(master, device, epoch, handle)) for handle in handles]
    plain = batch(epoch, 1_795_000_000_000, 1_795_259_200_000, "KRW", (50_000, 20_000, 3, 10), keys)
    server_nonce = bytes(range(16))
    shared = mine.exchange(X25519PublicKey.from_public_bytes(public))
    sealed = AESGCM(transport_key(shared, nonce, server_nonce, device, epoch)).encrypt(bytes(12), plain, name)
    my_public = mine.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    answer = b"woc1-keys" + signed + epoch.to_bytes(4, "big") + server_nonce + my_public + hashlib.sha256(sealed).digest()
    signer = ec.generate_private_key(ec.SECP256R1())
    point = signer.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    based = lambda data: base64.b64encode(data).decode()
    print(json.dumps({
        "signer": based(point),
        "answer": {"epoch": epoch, "nonce": based(server_nonce), "public": based(my_public), "sealed": based(sealed),
                   "signature": based(signer.sign(answer, ec.ECDSA(hashes.SHA256())))},
        "codes": [[code("2810", key, epoch, handle, step) for step in (0, 59_833_333, 2**63)] for handle, key in keys],
        "ids": [mac(key, b"woc1 id")[:16].hex() for _, key in keys],
    }))


if __name__ == "__main__":
    issue() if sys.argv[1] == "issue" else vectors(sys.argv[2])
