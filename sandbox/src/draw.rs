//! `draw`: one code as a picture file, drawn by the same functions as on a phone.

use clap::Args;
use jigap::code::draw::qr::{self, Level, Segmentation};
use jigap::code::draw::{DrawError, code128, picture};
use std::path::PathBuf;
use std::process::ExitCode;

/// What is drawn, and where to.
#[derive(Debug, Args)]
pub struct Options {
    /// The text, drawn unchanged
    pub text: String,
    /// The file: `.png` or `.svg`
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Code 128 instead of QR (ASCII, at most 80 characters)
    #[arg(long, conflicts_with = "level")]
    pub code128: bool,
    /// Pixels a module of a PNG; an SVG has no size of its own
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub scale: u16,
    /// Error correction of a QR code
    #[arg(long, value_enum, default_value_t = Correction::M)]
    pub level: Correction,
}

/// How much of a QR symbol may be lost: about 7, 15, 25 or 30 percent.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "verbatim")]
pub enum Correction {
    /// 7 %
    L,
    /// 15 %
    M,
    /// 25 %
    Q,
    /// 30 %
    H,
}

impl From<Correction> for Level {
    fn from(correction: Correction) -> Self {
        match correction {
            Correction::L => Self::L,
            Correction::M => Self::M,
            Correction::Q => Self::Q,
            Correction::H => Self::H,
        }
    }
}

enum Failure {
    Draw(DrawError),
    Ending,
    File(std::io::Error),
}

/// Draws. Exit 0 written, 1 the file cannot be written, 2 this text cannot be drawn or the file's name says no format.
pub fn run(options: &Options) -> ExitCode {
    match draw(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Draw(error)) => {
            eprintln!("jigap-sandbox: {error}");
            ExitCode::from(2)
        }
        Err(Failure::Ending) => {
            eprintln!("jigap-sandbox: the file's name has to end in .png or .svg");
            ExitCode::from(2)
        }
        Err(Failure::File(error)) => {
            eprintln!("jigap-sandbox: {}: {error}", options.output.display());
            ExitCode::FAILURE
        }
    }
}

fn draw(options: &Options) -> Result<(), Failure> {
    let ending = options.output.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let bytes = if options.code128 {
        let bars = code128::encode(&options.text).map_err(Failure::Draw)?;
        picture_of(&bars, ending, options.scale)?
    } else {
        let segmentation = Segmentation::Smallest;
        let modules = qr::encode(&options.text, options.level.into(), segmentation).map_err(Failure::Draw)?;
        picture_of(&modules, ending, options.scale)?
    };
    std::fs::write(&options.output, &bytes).map_err(Failure::File)
}

fn picture_of<'a>(symbol: impl Into<picture::Symbol<'a>>, ending: &str, scale: u16) -> Result<Vec<u8>, Failure> {
    match ending {
        "png" => picture::png(symbol, usize::from(scale)).map_err(Failure::Draw),
        "svg" => Ok(picture::svg(symbol).into_bytes()),
        _ => Err(Failure::Ending),
    }
}
