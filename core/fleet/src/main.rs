//! `cargo xtask simulate-fleet`: the day as numbers, and as two pictures.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a simulation of averages that talks to its user"
)]

use clap::Parser;
use jigap::network::Network;
use jigap::present::{OfflineTerms, Policy};
use jigap_fleet::{BUCKET_S, Day, People, play};
use plotters::prelude::*;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// A day of travel of many wallets, by the core's own policies.
#[derive(Debug, Parser)]
struct Options {
    /// How many wallets
    #[arg(long, default_value_t = 1_000_000)]
    wallets: u64,
    /// Decides everything
    #[arg(long, default_value_t = 8)]
    seed: u64,
    /// Where the pictures go; without it, none are drawn
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
}

fn policy() -> Result<Policy, jigap::error::Error> {
    let network = Network::parse("alipayplus")?;
    let regions = ["CN", "JP"].map(str::to_owned).to_vec();
    Ok(Policy { offline: vec![OfflineTerms { network, regions, prefix: "2810".to_owned() }], ..Policy::default() })
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("simulate-fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let people = People::day(options.wallets, options.seed);
    let day = play(&people, &policy()?);
    let requests = day.requests();
    let sum = |counts: &[u32]| counts.iter().map(|n| u64::from(*n)).sum::<u64>();
    let (busiest, peak) = (day.busiest_hour(), day.peak_after_outage());
    let most = f64::from(requests.iter().max().copied().unwrap_or(0)) / BUCKET_S as f64;
    let (scans, offline) = day.scanned();
    let polls = sum(&day.polls) as f64 / 86_400.0;
    println!("wallets {}, seed {}, gateway down 11:40 to 12:00", options.wallets, options.seed);
    println!("visits to a till       {}", day.visits);
    println!("codes issued           {}", day.issued);
    println!("  wasted               {} ({:.1} %, bound 20 %)", day.wasted, 100.0 * day.waste());
    println!("scans                  {scans}, {:.1} % of codes made on the phone", 100.0 * offline);
    println!("  refused              {} ({:.2} %)", day.refused, 100.0 * day.refused as f64 / scans.max(1) as f64);
    println!(
        "visits without a code  {} ({:.2} %)",
        day.empty_handed,
        100.0 * day.empty_handed as f64 / day.visits.max(1) as f64
    );
    println!("requests a second      {:.0} on average, {polls:.0} of them questions", sum(&requests) as f64 / 86_400.0);
    println!("  busiest hour         {busiest:.0}");
    println!("  most over ten s      {most:.0} in the whole day");
    println!("  after the outage     {peak:.0}, {:.2} times the busiest hour (bound 2)", peak / busiest);
    if let Some(folder) = &options.pictures {
        std::fs::create_dir_all(folder)?;
        requests_picture(&day, &folder.join("requests.svg"))?;
        scans_picture(&day, &folder.join("scans.svg"))?;
        println!("pictures in {}", folder.display());
    }
    Ok(peak <= 2.0 * busiest && day.waste() <= 0.2)
}

/// Averages of ten minutes, a second, as points of hours and numbers.
fn smooth(counts: &[u32], buckets: usize) -> Vec<(f64, f64)> {
    let part = |(at, chunk): (usize, &[u32])| {
        let hour = (at * buckets * BUCKET_S) as f64 / 3600.0;
        (hour, chunk.iter().map(|n| f64::from(*n)).sum::<f64>() / (chunk.len() * BUCKET_S) as f64)
    };
    counts.chunks(buckets).enumerate().map(part).collect()
}

type Curve<'a> = (&'a str, Vec<(f64, f64)>, RGBColor);

fn draw(file: &std::path::Path, title: &str, unit: &str, curves: &[Curve<'_>]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(file, (960, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = curves.iter().flat_map(|(_, points, _)| points).map(|point| point.1).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..24.0, 0.0..most * 1.08)?;
    chart.configure_mesh().x_desc("hour of the gateway's day (UTC+9)").y_desc(unit).x_labels(13).draw()?;
    for (name, points, colour) in curves {
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
        chart.draw_series(line)?.label(*name).legend(|(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], *colour));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}

fn requests_picture(day: &Day, file: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let curves = [
        ("all, most over 10 s in each minute", peaks(&day.requests()), RGBColor(200, 60, 50)),
        ("questions", smooth(&day.polls, 30), RGBColor(40, 90, 170)),
        ("codes", smooth(&day.fetches, 30), RGBColor(40, 140, 80)),
    ];
    draw(file, "Requests at the gateway; it is down from 11:40 to 12:00", "a second", &curves)
}

fn peaks(counts: &[u32]) -> Vec<(f64, f64)> {
    let part = |(minute, chunk): (usize, &[u32])| {
        (minute as f64 / 60.0, f64::from(*chunk.iter().max().unwrap_or(&0)) / BUCKET_S as f64)
    };
    counts.chunks(60 / BUCKET_S).enumerate().map(part).collect()
}

fn scans_picture(day: &Day, file: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let curves = [
        ("codes of the gateway", smooth(&day.scans[0], 30), RGBColor(40, 90, 170)),
        ("codes made on the phone", smooth(&day.scans[1], 30), RGBColor(200, 130, 30)),
    ];
    draw(file, "Scans at tills", "a second", &curves)
}
