// What other people's parsers make of codes: JSON strings on standard input, one a line; one JSON object a line out. For each
// parser: the root objects it found, or `refused` (it said no), or `broke` (it fell over its own feet).
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const promptparse = require("promptparse");
const emvqr = require("emvqr");
const steplix = require("steplix-emvqr");
const sdk = require("emvco-qr-sdk");

const plain = (objects) => Object.fromEntries(Object.entries(objects).filter(([, value]) => typeof value === "string"));
const data = (decoded) => plain(Object.fromEntries(Object.values(decoded).map((item) => [item.id, item.data])));

const parsers = {
  "npm emvqr 0.0.5": (code) => data(emvqr.decode(code)),
  // Its checks are calls of their own.
  "npm emvco-qr-sdk 1.0.0": (code) => {
    sdk.validateQRString(code);
    if (!sdk.getCrcInfo(code, sdk.parseQR(code, { parseMode: sdk.QRParseMode.TLV })).isValid) return null;
    return plain(sdk.parseQR(code, { parseMode: sdk.QRParseMode.RAW_OBJECT }));
  },
  "npm promptparse 1.6.0": (code) => {
    const read = promptparse.parse(code, true, true);
    return read && Object.fromEntries(read.getTags().map((tag) => [tag.id, tag.value]));
  },
  "npm steplix-emvqr 0.2.3": (code) => data(steplix.decode(code)),
};

function ask(parser, code) {
  try {
    return parser(code) ?? "refused";
  } catch (error) {
    // An error of the language is no answer of the parser.
    return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind) ? "broke" : "refused";
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const code = JSON.parse(line);
  console.log(JSON.stringify(Object.fromEntries(Object.entries(parsers).map(([name, parser]) => [name, ask(parser, code)]))));
}
