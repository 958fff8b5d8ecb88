// Random valid codes, built by other people's packages: `node encode.mjs SEED COUNT`. One JSON object a line: who built it,
// the code, and what a reader has to find in it; what is not named must not be found.
//
// Where a package knows a scheme, it lays the code out itself. For the others the layout is that of the public documents
// and `promptparse` writes objects, lengths and checksum. Names, numbers and accounts are random: nobody's.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { generate, encode, tag, withCrcTag } = require("promptparse");
const promptpayQr = require("promptpay-qr");
const { BakongKHQR, khqrData, IndividualInfo, MerchantInfo } = require("bakong-khqr");
const tsKhqr = require("ts-khqr");
const { QRPay } = require("vietnam-qr-pay");
const PaynowQR = require("paynowqr");
const pix = require("pix-utils");
const upiqr = (await import("upiqr")).default;

let state = Number(process.argv[2] ?? 1) >>> 0;
const count = Number(process.argv[3] ?? 20);

// Mulberry32: the same codes for the same seed.
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const between = (low, high) => low + Math.floor(random() * (high - low + 1));
const pick = (list) => list[between(0, list.length - 1)];
const from = (alphabet, low, high = low) => Array.from({ length: between(low, high) }, () => pick([...alphabet])).join("");
const digits = (low, high) => from("0123456789", low, high);
const word = (low, high) => from("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", low, high);
const name = (most = 25) => `${word(2, 8)} ${from("abcdefghijklmnopqrstuvwxyz", 2, 9)} ${word(1, 5)}`.slice(0, most).trim();
const cents = () => `${between(1, 99999)}.${digits(1)}${pick([..."123456789"])}`;
const maybe = (value) => (random() < 0.5 ? value : undefined);

function say(source, payload, expected) {
  const told = Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined && value !== null));
  console.log(JSON.stringify({ source, payload, expected: { p2p: false, initiation: "static", reading: "payable", ...told } }));
}

// --- packages that know the scheme

function thailand() {
  const home = { country: "TH", currency: "764" };
  for (let i = 0; i < count; i++) {
    const amount = maybe(Number(cents()));
    const said = { ...home, schemes: ["promptpay"], p2p: true, amount: amount?.toFixed(2), initiation: amount ? "dynamic" : "static" };
    const mobile = `0${digits(9)}`;
    const proxies = { MSISDN: [mobile, `0066${mobile.slice(1)}`], NATID: Array(2).fill(digits(13)), EWALLETID: Array(2).fill(`1${pick([..."123456789"])}${digits(13)}`), BANKACC: Array(2).fill(digits(8, 40)) };
    for (const [type, [target, account]] of Object.entries(proxies)) {
      say("npm promptparse 1.6.0", generate.anyId({ type, target, amount }), { ...said, account });
    }
    say("npm promptpay-qr 0.5.0", promptpayQr(mobile, { amount }), { ...said, account: `0066${mobile.slice(1)}` });
    const [billerId, ref1, ref2, ref3] = [digits(15), word(1, 20), maybe(word(1, 20)), maybe(word(1, 20))];
    say("npm promptparse 1.6.0", generate.billPayment({ billerId, ref1, ref2, ref3, amount }), {
      ...home, schemes: ["promptpay_bill"], account: billerId, reference: ref1, terminal: ref3, amount: said.amount, initiation: said.initiation,
    });
    const wallet = `0${digits(9)}`;
    say("npm promptparse 1.6.0", generate.trueMoney({ mobileNo: wallet, amount, message: maybe(word(1, 9)) }), {
      ...said, schemes: ["truemoney", "promptpay"], account: `14000${wallet}`,
    });
    // promptparse multiplies by 100 without rounding: only quarters of a baht come out as satang.
    const quarters = maybe(between(1, 9_999_999) / 4);
    say("npm promptparse 1.6.0", generate.botBarcode({ billerId, ref1, ref2, amount: quarters }), {
      ...home, schemes: ["th_bot_barcode"], account: billerId, reference: ref1, amount: quarters?.toFixed(2),
    });
    const transRef = word(10, 25);
    say("npm promptparse 1.6.0", generate.slipVerify({ sendingBank: digits(3), transRef }), {
      reading: "not_payable", schemes: ["th_slip"], country: "TH", bank: "*", reference: transRef,
    });
  }
}

function cambodia() {
  for (let i = 0; i < count; i++) {
    const riel = random() < 0.5;
    const amount = maybe(riel ? between(1, 9999999) : Number(cents()));
    const until = 2_500_000_000_000; // they refuse a moment that has passed
    const [account, bank, shop, city] = [`${word(2, 12)}@${word(2, 8)}`.toLowerCase(), name(20), name(), name(15)];
    const [billNumber, storeLabel, terminalLabel] = [maybe(word(1, 20)), maybe(word(1, 20)), maybe(word(1, 20))];
    const said = {
      country: "KH", currency: riel ? "116" : "840", schemes: ["khqr"], account, merchant_name: shop, merchant_city: city, mcc: "5999",
      amount: amount?.toString(), initiation: amount ? "dynamic" : "static",
      bill_number: billNumber, store: storeLabel, terminal: terminalLabel, expiry: amount ? until : undefined,
    };
    const options = { currency: riel ? khqrData.currency.khr : khqrData.currency.usd, amount, billNumber, storeLabel, terminalLabel, expirationTimestamp: amount ? until : undefined };
    const merchant = new BakongKHQR().generateMerchant(new MerchantInfo(account, shop, city, digits(6), bank, options));
    say("npm bakong-khqr 1.0.20", merchant.data.qr, { ...said, bank });
    const person = new BakongKHQR().generateIndividual(new IndividualInfo(account, shop, city, options));
    say("npm bakong-khqr 1.0.20", person.data.qr, { ...said, p2p: true });
    const [local, localCity] = [from("文山茶店金边市餐厅", 1, 10), from("金边暹粒", 1, 8)];
    const other = tsKhqr.KHQR.generate({
      tag: tsKhqr.TAG.MERCHANT, accountID: account, merchantName: shop, merchantID: digits(6), acquiringBank: bank, merchantCity: city,
      currency: riel ? tsKhqr.CURRENCY.KHR : tsKhqr.CURRENCY.USD, amount, expirationTimestamp: amount ? until : undefined,
      additionalData: { billNumber, storeLabel, terminalLabel },
      languageData: { languagePreference: "ZH", merchantNameAlternateLanguage: local, merchantCityAlternateLanguage: localCity },
    });
    say("npm ts-khqr 2.2.3", other.data.qr, { ...said, bank, local_name: local, local_city: localCity });
  }
}

function vietNam() {
  for (let i = 0; i < count; i++) {
    const amount = maybe(String(between(1, 99999999)));
    const [bank, account] = [`970${digits(3)}`, word(6, 19)];
    say("npm vietnam-qr-pay 1.5.1", QRPay.initVietQR({ bankBin: bank, bankNumber: account, amount, purpose: maybe(word(1, 20)) }).build(), {
      schemes: ["vietqr"], p2p: true, country: "VN", currency: "704", account, bank, amount, initiation: amount ? "dynamic" : "static",
    });
    const [merchantId, shop, store, terminal] = [digits(10), name(), maybe(name(20)), maybe(word(1, 12))];
    say("npm vietnam-qr-pay 1.5.1", QRPay.initVNPayQR({ merchantId, merchantName: shop, store, terminal, amount }).build(), {
      schemes: ["vnpay"], country: "VN", currency: "704", account: merchantId, merchant_name: shop, store, terminal, amount, initiation: "*",
    });
  }
}

function singapore() {
  for (let i = 0; i < count; i++) {
    const [uen, amount, reference, shop] = [`${digits(9)}${pick([..."WDKM"])}`, Number(cents()), word(3, 20), name()];
    const year = between(2030, 2090);
    say("npm paynowqr 1.1.2", new PaynowQR({ uen, amount, editable: random() < 0.5, expiry: `${year}0630`, refNumber: reference, company: shop }).output(), {
      schemes: ["paynow"], country: "SG", currency: "702", account: uen, amount: String(amount), initiation: "dynamic", mcc: "0000",
      merchant_name: shop, merchant_city: "Singapore", bill_number: reference,
      expiry: Date.UTC(year, 5, 30, 16), // the end of that day in Singapore
    });
  }
}

function brazil() {
  for (let i = 0; i < count; i++) {
    const [key, shop, city, txid] = [`${word(3, 12).toLowerCase()}@example.com`, word(3, 20), word(3, 14), word(5, 20)];
    const amount = maybe(Number(cents()));
    const said = { schemes: ["pix"], country: "BR", currency: "986", mcc: "0000", merchant_name: shop, merchant_city: city };
    say("npm pix-utils 2.8.2", pix.createStaticPix({ merchantName: shop, merchantCity: city, pixKey: key, infoAdicional: maybe("Pedido"), transactionAmount: amount, txid }).toBRCode(), {
      ...said, account: key, amount: amount?.toString(), reference: txid,
    });
    say("npm pix-utils 2.8.2", pix.createDynamicPix({ merchantName: shop, merchantCity: city, url: `pix.example.com/${word(5, 20)}` }).toBRCode(), {
      ...said, reference: "***", initiation: "dynamic",
    });
  }
}

async function india() {
  for (let i = 0; i < Math.min(count, 10); i++) {
    const [account, payee, mcc, amount, reference] = [`${word(4, 12).toLowerCase()}@okbank`, name(), maybe(`5${digits(3)}`), maybe(cents()), maybe(word(4, 20))];
    const { intent } = await upiqr({ payeeVPA: account, payeeName: payee, payeeMerchantCode: mcc, amount, transactionRef: reference });
    say("npm upiqr 1.3.22", intent, {
      schemes: ["upi"], p2p: mcc === undefined, country: "IN", currency: "356", account, merchant_name: payee, mcc, amount, reference,
    });
  }
}

// --- a package writes the objects, the layout is that of the public documents

const template = (id, objects) => tag(id, encode(objects.filter(([, value]) => value !== undefined).map(([inner, value]) => tag(inner, value))));

function byLayout() {
  const source = (scheme) => `npm promptparse 1.6.0 writing the public layout of ${scheme}`;
  for (let i = 0; i < count; i++) {
    const [shop, city, postal, amount] = [name(), name(15), maybe(digits(4, 6)), maybe(cents())];
    const mcc = `5${digits(3)}`;
    const [bill, store, reference, terminal] = [maybe(word(1, 20)), maybe(word(1, 20)), maybe(word(1, 20)), maybe(word(1, 20))];
    const additional = [["01", bill], ["03", store], ["05", reference], ["07", terminal]].filter(([, value]) => value !== undefined);
    const build = (accounts, currency, country, { version = "01", exponent = 2, own = [] } = {}) => {
      const written = amount && (exponent ? amount : amount.split(".")[0]);
      const head = [tag("00", version), tag("01", written ? "12" : "11")];
      const middle = [...accounts, tag("52", mcc), tag("53", currency), ...(written ? [tag("54", written)] : []), tag("58", country), tag("59", shop), tag("60", city)];
      const tail = [...(postal ? [tag("61", postal)] : []), ...(additional.length ? [template("62", additional)] : []), ...own];
      // Between first and last the order is free (MPM 4.6.1).
      const body = random() < 0.5 ? [...middle, ...tail] : [...tail, ...middle];
      return [withCrcTag(encode([...head, ...body]), "63"), {
        country, currency, amount: written, initiation: written ? "dynamic" : "static", mcc, merchant_name: shop, merchant_city: city,
        postal_code: postal, bill_number: bill, store, reference, terminal,
      }];
    };
    const one = (scheme, accounts, currency, country, said, options) => {
      const [payload, common] = build(accounts, currency, country, options);
      say(source(scheme), payload, { ...common, schemes: [scheme], ...said });
    };
    const anyCase = (text) => (random() < 0.5 ? text : random() < 0.5 ? text.toLowerCase() : text.toUpperCase());
    const free = () => String(between(26, 50)); // the number of the template says nothing (SGQR)

    const [acquirer, merchant] = [digits(6), word(5, 28)];
    one("duitnow", [template("26", [["00", "A0000006150001"], ["01", acquirer], ["02", merchant]])], "458", "MY", { account: merchant, bank: acquirer },
      { version: pick(["01", "02"]), own: random() < 0.5 ? [tag("82", from("0123456789ABCDEF", 64))] : [] });
    const bic = `${from("ABCDEFGH", 4)}PHM2XXX`;
    one("qrph_p2m", [template("28", [["00", anyCase("ph.ppmi.p2m")], ["01", bic], ["03", merchant], ["05", "000"]])], "608", "PH", { account: merchant, bank: bic });
    const account = digits(8, 14);
    one("qrph_p2p", [template("27", [["00", anyCase("com.p2pqrpay")], ["01", bic], ["02", "99964403"], ["04", account]])], "608", "PH", { account, bank: bic, p2p: true });
    const iin = digits(8);
    one("laoqr", [template("38", [["00", "A005266284662577"], ["01", iin], ["02", "002"], ["03", merchant]])], "418", "LA", { account: merchant, bank: iin });
    const joint = digits(13);
    one("jpqr", [template("26", [["00", anyCase("jp.or.paymentsjapan")], ["01", joint], ["02", digits(4)], ["03", digits(6)], ["04", digits(6)]])], "392", "JP", { account: joint }, { exponent: 0 });
    const [pan, nmid] = [`9360${digits(14)}`, `ID${digits(13)}`];
    one("qris", [template("26", [["00", "COM.EXAMPLE.WWW"], ["01", pan], ["02", digits(15)], ["03", "UMI"]]), template("51", [["00", anyCase("ID.CO.QRIS.WWW")], ["02", nmid], ["03", "UMI"]])], "360", "ID", { account: pan });
    const fps = digits(7);
    one("hkqr", [template("26", [["00", anyCase("hk.com.hkicl")], ["02", fps], ["05", "391231235959"]])], "344", "HK", { account: fps, expiry: Date.UTC(2039, 11, 31, 15, 59, 59) });
    const vpa = `${word(3, 10).toLowerCase()}@okbank`;
    const own = word(6, 20);
    one("bharatqr", [template("26", [["00", "A000000524"], ["01", vpa]]), template("27", [["00", "A000000524"], ["01", own]])], "356", "IN", { schemes: ["bharatqr", "upi"], account: vpa, reference: reference ?? own });
    const mid = word(11, 15);
    one("nets", [template(free(), [["00", anyCase("SG.COM.NETS")], ["01", `2312${digits(7)}391231235959`], ["02", mid], ["03", digits(8)], ["99", from("0123456789ABCDEF", 8)]]), template("51", [["00", "SG.SGQR"], ["01", digits(12)], ["02", "01.0001"]])], "702", "SG",
      { schemes: ["nets", "sgqr"], account: mid, expiry: Date.UTC(2039, 11, 31, 15, 59, 59) });
    const wechat = digits(10);
    one("wechatpay", [template(free(), [["00", anyCase("COM.QQ.WEIXIN.PAY")], ["01", wechat], ["02", digits(4)]])], "702", "SG", { account: wechat });
    const proxy = `+65${digits(8)}`;
    one("paynow", [template(free(), [["00", anyCase("SG.PAYNOW")], ["01", "0"], ["02", proxy], ["03", "1"]])], "702", "SG", { account: proxy, p2p: true });
    const shopNumber = word(15);
    const [, , country, currency] = pick([["", "", "NP", "524"], ["", "", "CN", "156"], ["", "", "US", "840"]]);
    one("unionpay", [tag(pick(["15", "16"]), `${digits(16)}${shopNumber}`)], currency, country, { account: shopNumber });
    const bc = digits(9);
    one("bccard", [template("26", [["00", "D4100000014010"], ["05", bc]])], "410", "KR", { account: bc }, { exponent: 0 });
    for (const [scheme, ids] of [["visa", ["02", "03"]], ["mastercard", ["04", "05"]], ["discover", ["09", "10"]], ["amex", ["11", "12"]], ["jcb", ["13", "14"]]]) {
      const card = digits(15, 16);
      one(scheme, [tag(pick(ids), card)], "840", "US", { account: card });
    }
    const [joined, said] = build([tag("02", digits(16)), tag("15", `${digits(16)}${shopNumber}`)], "840", "US");
    say(source("unionpay and visa"), joined, { ...said, reading: "needs_choice", schemes: ["unionpay", "visa"], account: shopNumber });
  }
}

thailand();
cambodia();
vietNam();
singapore();
brazil();
await india();
byLayout();
