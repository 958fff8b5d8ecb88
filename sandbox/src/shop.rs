//! `shop`: what a shop does, from a terminal.

use crate::admin::{Decide, LateCancel, MakeCode, Refund, Scan};
use crate::client::{Failure, ask};
use crate::state::wishes::Wish;
use clap::{Args, Subcommand};
use jigap::payment::{Answer, Merchant, Outcome};
use serde::Deserialize;
use serde_json::Value;
use std::process::ExitCode;

/// A shop at a running sandbox.
#[derive(Debug, Args)]
pub struct Options {
    /// The administration's address, from the first line of `serve`
    #[arg(long, value_name = "URL")]
    admin: String,
    /// Answer as one JSON object
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The shops and the codes on their walls
    List,
    /// Make a code for a user to scan
    MakeCode {
        /// The shop
        shop: String,
        /// The network
        #[arg(long, value_name = "N", default_value = "alipayplus")]
        network: String,
        /// Amount in the shop's currency, such as 1280 or 28.50; without it, the code on the wall
        #[arg(long, value_name = "A")]
        amount: Option<String>,
    },
    /// Scan a code that a user shows
    Scan {
        /// The digits
        digits: String,
        /// Amount in the shop's currency
        #[arg(long, value_name = "A")]
        amount: String,
        /// The shop; without it, the first one of the country the code is for
        #[arg(long, value_name = "S")]
        shop: Option<String>,
    },
    /// Give back a payment, or a part of it
    Refund {
        /// The payment's key
        key: String,
        /// Amount in the shop's currency; without it, all that is left
        #[arg(long, value_name = "A")]
        amount: Option<String>,
        /// What one unit of the shop's currency is worth today, such as 9.3; without it, as much as it was
        #[arg(long, value_name = "R")]
        rate: Option<String>,
    },
    /// Cancel a payment that was charged, as a network does until 00:30 of the next day at UTC+8
    Cancel {
        /// The payment's key
        key: String,
    },
    /// Decide about what a user wants, as a person at a bridge does
    Decide {
        /// The payment's key
        key: String,
        /// What the user wants
        #[arg(value_enum)]
        wish: Wish,
        /// Refuse it; else it is granted
        #[arg(long)]
        refuse: bool,
    },
}

#[derive(Deserialize)]
struct Scanned {
    merchant: Merchant,
    answer: Answer,
}

/// Runs the command. Exit 0: done; 1: it could not be asked; 2: refused or declined.
pub fn run(options: &Options) -> ExitCode {
    match act(options) {
        Ok(code) => code,
        Err(failure) => {
            match &failure {
                Failure::Refused(word) if options.json => println!("{}", serde_json::json!({ "error": word })),
                _ => eprintln!("jigap-sandbox: {failure}"),
            }
            ExitCode::from(if matches!(failure, Failure::Refused(_)) { 2 } else { 1 })
        }
    }
}

fn act(options: &Options) -> Result<ExitCode, Failure> {
    let admin = options.admin.as_str();
    let (answer, text, code): (Value, String, u8) = match &options.command {
        Command::List => {
            let shops: Value = ask(admin, "/admin/shops", None::<&()>)?;
            let text = list_text(&shops);
            (shops, text, 0)
        }
        Command::MakeCode { shop, network, amount } => {
            let request = MakeCode { shop: shop.clone(), network: network.clone(), amount: amount.clone() };
            let made: Value = ask(admin, "/admin/codes", Some(&request))?;
            let text = made.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
            (made, text, 0)
        }
        Command::Scan { digits, amount, shop } => {
            let request = Scan { digits: digits.clone(), amount: amount.clone(), shop: shop.clone(), request: None };
            let answer: Value = ask(admin, "/admin/scan", Some(&request))?;
            let (text, code) = scan_text(&read(&answer)?);
            (answer, text, code)
        }
        Command::Refund { key, amount, rate } => {
            let request = Refund { key: key.clone(), amount: amount.clone(), rate: rate.clone() };
            let answer: Value = ask(admin, "/admin/refunds", Some(&request))?;
            let jigap::payment::Refund { amount, home, rate, .. } = read(&answer)?;
            (answer, format!("Given back: {amount} ({home}), {rate}"), 0)
        }
        Command::Cancel { key } => {
            let answer: Value = ask(admin, "/admin/cancels", Some(&LateCancel { key: key.clone() }))?;
            (answer, "Cancelled: the money is back".to_owned(), 0)
        }
        Command::Decide { key, wish, refuse } => {
            let request = Decide { key: key.clone(), wish: *wish, grant: !refuse };
            let answer: Value = ask(admin, "/admin/decisions", Some(&request))?;
            (answer, if *refuse { "Refused" } else { "Granted" }.to_owned(), 0)
        }
    };
    if options.json {
        println!("{answer}")
    } else {
        println!("{text}")
    }
    Ok(ExitCode::from(code))
}

fn read<T: serde::de::DeserializeOwned>(answer: &Value) -> Result<T, Failure> {
    T::deserialize(answer).map_err(|error| Failure::Unreachable(error.into()))
}

fn list_text(shops: &Value) -> String {
    let mut text = String::new();
    for shop in shops.as_array().into_iter().flatten() {
        let field = |name: &str| shop.get(name).and_then(Value::as_str).unwrap_or_default();
        text.push_str(&format!(
            "{:<10} {} ({}), {} {}, {}\n",
            field("shop"),
            field("name"),
            field("local_name"),
            field("city"),
            field("country"),
            field("currency")
        ));
        for (network, code) in shop.get("wall_codes").and_then(Value::as_object).into_iter().flatten() {
            text.push_str(&format!("           {network:<10} {}\n", code.as_str().unwrap_or_default()));
        }
    }
    text.trim_end().to_owned()
}

fn scan_text(scanned: &Scanned) -> (String, u8) {
    let name = &scanned.merchant.name;
    match &scanned.answer.outcome {
        Outcome::Succeeded { receipt } => {
            (format!("Paid at {name}: {} ({}), reference {}", receipt.amount, receipt.home, receipt.reference), 0)
        }
        Outcome::Declined { reason } => (format!("Declined at {name}: {}", reason.code()), 2),
        Outcome::Cancelled => (format!("Cancelled before it was charged at {name}"), 2),
        Outcome::Pending => (format!("Not known yet at {name}"), 2),
    }
}
