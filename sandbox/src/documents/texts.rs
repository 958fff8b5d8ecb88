//! Example texts of the consent documents: the five items of PIPA 28-8(2), in four languages.
//!
//! They show what such a text has to say. They are no legal advice, and every one says that it is an example.

use crate::networks::Rail;
use jigap::consent::{Recipient, Text};
use std::collections::BTreeMap;

pub(crate) const CONTROLLER: &str = "Example Wallet Company (sandbox)";

/// What differs between the networks.
struct Facts {
    display: &'static str,
    recipient: &'static str,
    contact: &'static str,
    country: &'static str,
    /// The country in Korean, English, Japanese and Chinese.
    country_names: [&'static str; 4],
}

const fn facts(rail: Rail) -> Facts {
    match rail {
        Rail::AlipayPlus => Facts {
            display: "Alipay+",
            recipient: "Example Alipay+ operator (sandbox)",
            contact: "privacy@alipayplus.example",
            country: "SG",
            country_names: ["싱가포르", "Singapore", "シンガポール", "新加坡"],
        },
        Rail::UnionPay => Facts {
            display: "UnionPay",
            recipient: "Example UnionPay operator (sandbox)",
            contact: "privacy@unionpay.example",
            country: "CN",
            country_names: ["중국", "China", "中国", "中国"],
        },
    }
}

pub(crate) fn recipient(rail: Rail) -> Recipient {
    let facts = facts(rail);
    Recipient { name: facts.recipient.to_owned(), contact: facts.contact.to_owned(), country: facts.country.to_owned() }
}

pub(crate) fn all(rail: Rail) -> BTreeMap<&'static str, Text> {
    let facts = facts(rail);
    let [ko, en, ja, zh] = facts.country_names;
    BTreeMap::from([
        ("ko", korean(&facts, ko)),
        ("en", english(&facts, en)),
        ("ja", japanese(&facts, ja)),
        ("zh", chinese(&facts, zh)),
    ])
}

fn korean(f: &Facts, country: &str) -> Text {
    let Facts { display, recipient, contact, .. } = f;
    Text {
        title: format!("[예시] {display} 해외 결제를 위한 개인정보 국외 이전 동의"),
        items: "이전되는 개인정보 항목: 암호화된 고객번호, 주문 및 결제 금액, 스캔하거나 제시한 코드, 체류 국가, 결제 결과."
            .to_owned(),
        transfer: Some(format!(
            "이전 국가, 시기 및 방법: {country}. {display}(으)로 결제하거나 결제 코드를 불러올 때마다 암호화된 통신망을 통해 전송됩니다."
        )),
        recipient: Some(format!("이전받는 자: {recipient}, 연락처 {contact}.")),
        purpose: "이용 목적 및 보유 기간: 해외 결제의 승인, 정산, 취소 및 환불. 거래 후 5년간 보관한 뒤 파기합니다."
            .to_owned(),
        retention: None,
        refusal: format!(
            "거부 방법 및 효과: '동의 안 함'을 누르거나 언제든지 설정에서 동의를 철회할 수 있습니다. 거부하면 {display} 결제만 이용할 수 없으며 다른 기능은 그대로 이용할 수 있습니다."
        ),
    }
}

fn english(f: &Facts, country: &str) -> Text {
    let Facts { display, recipient, contact, .. } = f;
    Text {
        title: format!("[Example] Consent to the transfer of personal data abroad for {display} payments"),
        items:
            "Items transferred: your customer number in encrypted form, the order and its amount, the code that was \
                scanned or shown, the country you are in, and the result of the payment."
                .to_owned(),
        transfer: Some(format!(
            "Country, time and method: {country}. Sent over an encrypted connection each time you pay with {display} or \
             fetch a payment code."
        )),
        recipient: Some(format!("Recipient: {recipient}, contact {contact}.")),
        purpose:
            "Purpose and retention: to approve, settle, cancel and refund payments abroad. Kept for 5 years after \
                  the payment, then deleted."
                .to_owned(),
        retention: None,
        refusal: format!(
            "How to refuse, and what follows: choose \"Do not agree\", or withdraw at any time in the settings. Then \
             only {display} payments are not available; everything else stays as it is."
        ),
    }
}

fn japanese(f: &Facts, country: &str) -> Text {
    let Facts { display, recipient, contact, .. } = f;
    Text {
        title: format!("[例] {display} 海外決済のための個人情報の国外移転への同意"),
        items: "移転される個人情報の項目：暗号化された顧客番号、注文と決済金額、読み取った、または提示したコード、滞在国、決済結果。"
            .to_owned(),
        transfer: Some(format!(
            "移転先の国、時期、方法：{country}。{display} で支払うとき、または決済コードを取得するときに、暗号化された通信で送信されます。"
        )),
        recipient: Some(format!("移転を受ける者：{recipient}、連絡先 {contact}。")),
        purpose: "利用目的と保存期間：海外決済の承認、精算、取消、返金のため。取引後5年間保存したのち廃棄します。".to_owned(),
        retention: None,
        refusal: format!(
            "拒否の方法と影響：「同意しない」を選ぶか、いつでも設定から同意を撤回できます。その場合 {display} での決済だけが利用できなくなり、ほかの機能はそのまま利用できます。"
        ),
    }
}

fn chinese(f: &Facts, country: &str) -> Text {
    let Facts { display, recipient, contact, .. } = f;
    Text {
        title: format!("【示例】同意为 {display} 境外支付向境外传输个人信息"),
        items: "传输的个人信息项目：加密的客户编号、订单及支付金额、扫描或出示的付款码、所在国家、支付结果。"
            .to_owned(),
        transfer: Some(format!(
            "传输的国家、时间和方式：{country}。每次使用 {display} 付款或获取付款码时，通过加密连接传输。"
        )),
        recipient: Some(format!("接收方：{recipient}，联系方式 {contact}。")),
        purpose: "使用目的及保存期限：用于境外支付的授权、结算、撤销和退款。交易后保存5年，之后销毁。".to_owned(),
        retention: None,
        refusal: format!(
            "拒绝的方法及后果：选择“不同意”，或随时在设置中撤回同意。之后仅无法使用 {display} 付款，其他功能不受影响。"
        ),
    }
}
