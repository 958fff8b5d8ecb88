"""Random valid codes from Python: `encode.py SEED COUNT`. One JSON object a line, as `encode.mjs` writes them.

The first part is built by other people's packages. The second is written by hand from the public layouts, with nothing of
the core in it, for what no package builds: links and consumer-presented codes.
"""

import base64
import json
import random
import string
import sys
from urllib.parse import quote

import cemacqr
import qriskit
from hkqr import HKQR
from konthaina_khqr import KHQRGenerator, MerchantType
from pypix import Pix
from vietqr_emvco import VietQRGenerator

rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
count = int(sys.argv[2]) if len(sys.argv) > 2 else 20


def digits(low, high=None):
    return "".join(rng.choices(string.digits, k=rng.randint(low, high or low)))


def word(low, high=None):
    return "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=rng.randint(low, high or low)))


def of(alphabet, low, high):
    return "".join(rng.choices(alphabet, k=rng.randint(low, high)))


def maybe(value):
    return value if rng.random() < 0.5 else None


def cents():
    return f"{rng.randint(1, 99999)}.{rng.randint(1, 99):02d}"


def say(source, payload, **expected):
    told = {"reading": "payable", "p2p": False, "initiation": "static"}
    told.update(expected)
    told = {key: value for key, value in told.items() if value is not None}
    print(json.dumps({"source": source, "payload": payload, "expected": told}))


def hong_kong():
    for _ in range(count):
        amount, bill = rng.randint(1, 99999), maybe(word(1, 20))
        mobile = f"+852-{digits(8)}"
        for account, p2p in [(digits(7), False), (mobile, True), (f"{word(3, 9).lower()}@example.com", False)]:
            extra = {"bill_number": bill} if bill else {}
            say("pypi hkqr 0.2.0", HKQR(account).create_hkqr_code(amount, **extra), schemes=["hkqr"], country="HK",
                currency="344", amount=str(amount), initiation="dynamic", mcc="0000", merchant_name="NA",
                merchant_city="HK", account=account, p2p=p2p, bill_number=bill)


def indonesia():
    for _ in range(count):
        pan, nmid, shop, city = f"9360{digits(14)}", f"ID{digits(13)}", word(3, 25), word(3, 15)
        amount, tip = maybe(rng.randint(1, 9999999)), maybe(qriskit.Tip.fixed(rng.randint(1, 5000)))
        reference, terminal, postal = maybe(word(1, 20)), word(1, 16), digits(5)
        labels = {"05": reference, "07": terminal}
        code = qriskit.build(
            merchant_name=shop, merchant_city=city, mcc="5812", postal_code=postal, amount=amount, tip=tip,
            accounts=[
                qriskit.MerchantAccount.create(tag="26", guid="ID.EXAMPLE.WWW", pan=pan, merchant_id=digits(15), criteria="UMI"),
                qriskit.MerchantAccount.national(nmid=nmid, criteria="UMI"),
            ],
            additional_data={key: value for key, value in labels.items() if value},
        )
        say("pypi qriskit 0.2.0", code.dumps(), schemes=["qris"], country="ID", currency="360", mcc="5812",
            merchant_name=shop, merchant_city=city, postal_code=postal, account=pan, reference=reference,
            terminal=terminal, amount=amount and str(amount), initiation="dynamic" if amount else "static")


def cambodia():
    for _ in range(count):
        account, shop, store = f"{word(3, 12)}@{word(2, 6)}".lower(), word(3, 20), maybe(word(1, 20))
        number, bank = word(4, 12), word(3, 12)
        made = KHQRGenerator(MerchantType.MERCHANT).set_bakong_account_id(account).set_merchant_name(shop)
        made = made.set_merchant_id(number).set_acquiring_bank(bank).set_currency("KHR").set_merchant_city("Siem Reap")
        if store:
            made = made.set_store_label(store)
        say("pypi konthaina-khqr 0.1.7", made.generate().qr, schemes=["khqr"], country="KH", currency="116", mcc="5999",
            account=account, bank=bank, merchant_name=shop, merchant_city="Siem Reap", store=store)


def viet_nam():
    for _ in range(count):
        bank, account, shop, amount = f"970{digits(3)}", digits(6, 19), word(3, 20), maybe(rng.randint(1, 99999999))
        code = VietQRGenerator(bank, account).generate(amount=amount, memo=maybe(word(1, 20)), merchant_name=shop)
        say("pypi vietqr-emvco 1.0.0", code, schemes=["vietqr"], p2p=True, country="VN", currency="704", mcc="0000",
            account=account, bank=bank, merchant_name=shop, amount=amount and str(amount),
            initiation="dynamic" if amount else "static")


def brazil():
    for _ in range(count):
        made, key, shop, city, amount = Pix(), f"{word(3, 10).lower()}@example.com", word(3, 20), word(3, 12), cents()
        made.set_pixkey(key)
        made.set_merchant_name(shop)
        made.set_merchant_city(city)
        made.set_amount(amount)
        if len(str(made).rpartition("6304")[2]) < 4:
            continue  # pypix drops the leading zeros of a checksum; what is left is no sound code
        say("pypi pypix 0.2.0", str(made), schemes=["pix"], country="BR", currency="986", mcc="0000", account=key,
            merchant_name=shop, merchant_city=city, amount=amount, initiation="*")


def names_of_every_script():
    """UTF-8 in names: lengths count characters, the checksum counts bytes."""
    for _ in range(count):
        local, town = of("비씨카드최佳运输メルペイカフェ測試茶餐廳ร้านกาแฟ", 1, 25), of("서울北京大阪香港", 1, 15)
        shop, city, merchant, amount = word(3, 25), word(3, 15), word(5, 25), cents()
        made = cemacqr.MerchantQr().merchant(name=shop, city=city, country="MY").category("5812").currency("458")
        made = made.amount(amount).reusable(False).account("26", gui="A0000006150001", merchant_pan="000000", **{"02": merchant})
        fee = rng.choice(["none", "prompt", "fixed", "percentage"])
        if fee == "prompt":
            made = made.tip_prompt()
        elif fee == "fixed":
            made = made.convenience_fee_fixed(cents())
        elif fee == "percentage":
            made = made.convenience_fee_percentage(f"{rng.randint(0, 99):02d}.{rng.randint(1, 99):02d}")
        made = made.alternate_language(language="ZH", merchant_name=local, merchant_city=town)
        say("pypi cemacqr 0.1.2 writing the public layout of duitnow", str(made), schemes=["duitnow"], country="MY",
            currency="458", mcc="5812", merchant_name=shop, merchant_city=city, local_name=local, local_city=town,
            account=merchant, bank="000000", amount=amount, initiation="dynamic")


# --- by hand, from the public layouts


def links():
    source = "by hand, public layout of links"
    for _ in range(count):
        code = word(16, 20).lower()
        say(source, f"https://qr.alipay.com/bax{code}", schemes=["alipay"], country="CN", initiation="dynamic")
        say(source, f"HTTPS://QR.ALIPAY.COM/FKX{code.upper()}", schemes=["alipay"], country="CN", p2p=True)
        say(source, f"https://alipay.com/281{digits(3)}04{digits(4)}{digits(4, 12)}", schemes=["alipayplus"], initiation="dynamic")
        say(source, f"weixin://wxpay/bizpayurl?pr={code[:7]}", schemes=["wechatpay"], country="CN", initiation="dynamic")
        say(source, f"wxp://f2f0{code}", schemes=["wechatpay"], country="CN", p2p=True)
        say(source, f"https://qr.95516.com/{digits(8)}/62{digits(30)}", schemes=["unionpay"], country="CN")
        say(source, f"https://qr.paypay.ne.jp/{word(18)}", schemes=["paypay"], country="JP")
        deep = quote(f"https://qr.paypay.ne.jp/{word(18)}", safe="")
        say(source, f"paypay://payment?link_key={deep}", schemes=["paypay"], country="JP", initiation="dynamic")
        bank, account, minor = digits(3), digits(16), rng.randint(1, 9999999)
        amount = f"{minor // 100}.{minor % 100:02d}"
        name = of("個人轉帳銀行", 2, 6)
        say(source, f"TWQRP://{name}/158/02/V1?D1={minor}&D5={bank}&D6={account}&D10=901", schemes=["twqr"], country="TW",
            currency="901", p2p=True, amount=amount, account=account, bank=bank)
        order, shop = word(6, 19), quote(of("台北小吃店", 2, 8))
        say(source, f"TWQRP://{shop}/158/01/V1?D1={minor}&D2={order}&D3={word(12)}&D10=901", schemes=["twqr"], country="TW",
            currency="901", amount=amount, reference=order, merchant_name="*")
        vpa, money = f"{word(3, 10).lower()}@okbank", cents()
        say(source, f"upiGlobal://pay?pa={vpa}&pn={quote('Test Shop')}&am={money}&cu=INR&mc=5411&mode=16", schemes=["upi"],
            country="IN", currency="356", amount=money, account=vpa, merchant_name="Test Shop", mcc="5411", initiation="dynamic")


def consumer_presented():
    """BER-TLV in Base64 (EMVCo CPM §3.2): somebody's payment code."""
    source = "by hand, EMVCo CPM"

    def ber(tag, value):
        length = bytes([len(value)]) if len(value) < 128 else bytes([0x81, len(value)])
        return bytes.fromhex(tag) + length + value

    for _ in range(count):
        track = bytes.fromhex(f"{digits(16)}D{digits(14)}F")
        inside = ber("9F26", rng.randbytes(8)) + ber("9F10", rng.randbytes(rng.randint(1, 32))) + ber("9F36", rng.randbytes(2))
        application = ber("4F", bytes.fromhex("A000000333010101")) + ber("57", track) + ber("63", inside)
        code = ber("85", b"CPV01") + ber("61", application)
        say(source, base64.b64encode(code).decode(), reading="not_payable", schemes=["emv_cpm"], initiation=None)
    for payload, scheme in [(f"28{digits(16)}", "alipay"), (f"13{digits(16)}", "wechatpay"), (f"62{digits(17)}", "unionpay")]:
        say("by hand, digits of payment codes", payload, reading="not_payable", schemes=[scheme], initiation=None)


for part in [hong_kong, indonesia, cambodia, viet_nam, brazil, names_of_every_script, links, consumer_presented]:
    part()
