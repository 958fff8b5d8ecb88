//! `audit`: whether the books hold.

pub use crate::state::audit::{Line, OrderLine, Report};

use crate::client::ask;
use clap::Args;
use std::process::ExitCode;

/// The audit of a running sandbox.
#[derive(Debug, Args)]
pub struct Options {
    /// The administration's address, from the first line of `serve`
    #[arg(long, value_name = "URL")]
    admin: String,
    /// Print the whole report as one JSON object
    #[arg(long)]
    json: bool,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.balanced && self.double_charged.is_empty()
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (word, lines) in [("charge", &self.charges), ("refund", &self.refunds), ("reversal", &self.reversals)] {
            for line in lines {
                text.push_str(&format!(
                    "{word} order {} at {} by {}: shop {} {}, user {} KRW\n",
                    line.order, line.shop, line.network, line.shop_currency, line.shop_minor, line.user_minor
                ));
            }
        }
        let paid = self.orders.iter().filter(|order| order.charges > 0).count();
        text.push_str(&format!(
            "{} orders, {paid} paid, {} charges, {} refunds, {} reversals\n",
            self.orders.len(),
            self.charges.len(),
            self.refunds.len(),
            self.reversals.len()
        ));
        for (currency, sum) in &self.sums {
            text.push_str(&format!("sum of all postings in {currency}: {sum}\n"));
        }
        for fault in &self.faults {
            text.push_str(&format!("FAULT {fault}\n"));
        }
        for order in &self.double_charged {
            text.push_str(&format!("CHARGED TWICE: order {order}\n"));
        }
        text.push_str(if self.holds() { "The books balance." } else { "The books DO NOT hold." });
        text
    }
}

/// Runs the command. Exit 0: the books hold; 1: they do not, or could not be asked for.
pub fn run(options: &Options) -> ExitCode {
    let report: Report = match ask(&options.admin, "/admin/audit", None::<&()>) {
        Ok(report) => report,
        Err(failure) => {
            eprintln!("jigap-sandbox: {failure}");
            return ExitCode::FAILURE;
        }
    };
    if options.json {
        println!("{}", serde_json::json!(report));
    } else {
        println!("{}", report.text());
    }
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
