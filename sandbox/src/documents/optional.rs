//! Example documents beside the ones that paying needs: what a user may refuse without losing anything else.

use super::DocumentContent;
use super::texts::CONTROLLER;
use crate::networks::Rail;
use crate::refusal::Refused;
use jigap::consent::{Basis, Recipient, Text};
use std::collections::BTreeMap;

/// One for each network: coupons by a third party (PIPA 17), and the company's own travel statistics (PIPA 15).
pub(super) fn document(rail: Rail) -> Result<DocumentContent, Refused> {
    let (purpose, basis, valid_days) = match rail {
        Rail::AlipayPlus => ("coupons", Basis::Provision, Some(365)),
        Rail::UnionPay => ("statistics", Basis::Collection, None),
    };
    let (name, contact) = match basis {
        Basis::Provision => ("Example Coupon Company (sandbox)", "privacy@coupons.example"),
        Basis::Collection | Basis::Transfer => (CONTROLLER, "privacy@wallet.example"),
    };
    let recipient = Recipient { name: name.to_owned(), contact: contact.to_owned(), country: "KR".to_owned() };
    Ok(DocumentContent {
        format: 2,
        id: format!("{}-{purpose}", rail.name()),
        version: 1,
        network: rail.network()?,
        controller: CONTROLLER,
        purpose,
        required: false,
        basis,
        valid_days,
        data: &["payment_result", "country_of_stay"],
        recipients: vec![recipient],
        texts: if basis == Basis::Provision { coupons() } else { statistics() },
    })
}

fn text(title: &str, items: &str, recipient: Option<&str>, purpose: &str, retention: &str, refusal: &str) -> Text {
    Text {
        title: title.to_owned(),
        items: items.to_owned(),
        transfer: None,
        recipient: recipient.map(str::to_owned),
        purpose: purpose.to_owned(),
        retention: Some(retention.to_owned()),
        refusal: refusal.to_owned(),
    }
}

fn coupons() -> BTreeMap<&'static str, Text> {
    BTreeMap::from([
        (
            "ko",
            text(
                "[예시] (선택) 여행지 쿠폰을 위한 개인정보 제3자 제공 동의",
                "제공 항목: 결제 결과, 체류 국가.",
                Some("제공받는 자: Example Coupon Company (sandbox), privacy@coupons.example."),
                "제공받는 자의 이용 목적: 여행지에서 쓸 수 있는 쿠폰 제공.",
                "보유 기간: 1년.",
                "거부 방법 및 불이익: 동의하지 않아도 결제는 그대로 이용할 수 있으며 쿠폰만 받을 수 없습니다. 언제든지 철회할 수 있습니다.",
            ),
        ),
        (
            "en",
            text(
                "[Example] (Optional) Consent to give data to a third party for coupons",
                "Items: the result of payments, the country you are in.",
                Some("Recipient: Example Coupon Company (sandbox), privacy@coupons.example."),
                "The recipient's purpose: coupons for where you travel.",
                "Kept for 1 year.",
                "How to refuse, and what follows: payments work without it, you only get no coupons. You may withdraw at any time.",
            ),
        ),
        (
            "ja",
            text(
                "[例]（任意）旅行先クーポンのための第三者提供への同意",
                "提供する項目：決済結果、滞在国。",
                Some("提供先：Example Coupon Company (sandbox)、privacy@coupons.example。"),
                "提供先の利用目的：旅行先で使えるクーポンの提供。",
                "保存期間：1年。",
                "拒否の方法と影響：同意しなくても決済は利用でき、クーポンだけが届きません。いつでも撤回できます。",
            ),
        ),
        (
            "zh",
            text(
                "【示例】（可选）同意为旅行优惠券向第三方提供个人信息",
                "提供的项目：支付结果、所在国家。",
                Some("接收方：Example Coupon Company (sandbox)，privacy@coupons.example。"),
                "接收方的使用目的：提供旅行目的地的优惠券。",
                "保存期限：1年。",
                "拒绝的方法及后果：不同意也可照常支付，只是没有优惠券。可随时撤回。",
            ),
        ),
    ])
}

fn statistics() -> BTreeMap<&'static str, Text> {
    BTreeMap::from([
        (
            "ko",
            text(
                "[예시] (선택) 여행 소비 통계를 위한 개인정보 수집 및 이용 동의",
                "수집 항목: 결제 결과, 체류 국가.",
                None,
                "수집 및 이용 목적: 나의 여행 소비 통계 제공.",
                "보유 기간: 1년.",
                "거부 방법 및 불이익: 동의하지 않아도 결제는 그대로 이용할 수 있으며 통계만 볼 수 없습니다. 언제든지 철회할 수 있습니다.",
            ),
        ),
        (
            "en",
            text(
                "[Example] (Optional) Consent to collect and use data for travel statistics",
                "Items: the result of payments, the country you are in.",
                None,
                "Purpose: statistics of what you spend on your travels.",
                "Kept for 1 year.",
                "How to refuse, and what follows: payments work without it, you only see no statistics. You may withdraw at any time.",
            ),
        ),
        (
            "ja",
            text(
                "[例]（任意）旅行支出の統計のための個人情報の収集と利用への同意",
                "収集する項目：決済結果、滞在国。",
                None,
                "利用目的：旅行中の支出の統計。",
                "保存期間：1年。",
                "拒否の方法と影響：同意しなくても決済は利用でき、統計だけが表示されません。いつでも撤回できます。",
            ),
        ),
        (
            "zh",
            text(
                "【示例】（可选）同意为旅行消费统计收集和使用个人信息",
                "收集的项目：支付结果、所在国家。",
                None,
                "使用目的：统计您的旅行消费。",
                "保存期限：1年。",
                "拒绝的方法及后果：不同意也可照常支付，只是没有统计。可随时撤回。",
            ),
        ),
    ])
}
