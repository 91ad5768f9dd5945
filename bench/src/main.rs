//! Command line of the load generator.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser};
use halyard_bench::apps;
use halyard_bench::bare;
use halyard_bench::deliveries;
use halyard_bench::feed;
use halyard_bench::iml;
use halyard_bench::runner::{self, LoadDuration, Settings};
use halyard_bench::trivial;
use halyard_bench::watch;

/// The server's, so that the limits are measured with it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Load generator and comparisons of Halyard.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Measures the server beside the limits of this machine and prints the table.
    ///
    /// A missed bar is printed, and does not change the exit status.
    Run {
        /// The server program.
        #[arg(long)]
        server: PathBuf,
        /// PostgreSQL address; SQLite in temporary directories without it.
        #[arg(long)]
        database: Option<String>,
        /// Only the scenarios whose name contains this.
        #[arg(long)]
        only: Option<String>,
        /// File that takes the figures as JSON.
        #[arg(long, default_value = "bench/results/latest.json")]
        results: PathBuf,
        #[command(flatten)]
        duration: DurationArguments,
    },
    /// Measures signed deliveries of outbound webhooks.
    Deliveries {
        /// The server program.
        #[arg(long)]
        server: PathBuf,
        /// PostgreSQL address; SQLite in temporary directories without it.
        #[arg(long)]
        database: Option<String>,
        #[command(flatten)]
        duration: DurationArguments,
    },
    /// Measures the live feed.
    Feed {
        /// The server program.
        #[arg(long)]
        server: PathBuf,
        /// PostgreSQL address; SQLite in temporary directories without it.
        #[arg(long)]
        database: Option<String>,
        #[command(flatten)]
        duration: DurationArguments,
    },
    /// Measures the expression language on one core and prints the table.
    Iml {
        /// Seconds of each figure.
        #[arg(long, default_value_t = 1.0)]
        seconds: f64,
        /// File that takes the figures as JSON.
        #[arg(long)]
        results: Option<PathBuf>,
        /// Measures only how the expressions that contain this text grow.
        #[arg(long, requires = "sizes")]
        growth: Option<String>,
        /// Sizes of input at which that is measured.
        #[arg(long, value_delimiter = ',')]
        sizes: Vec<usize>,
    },
    /// Measures the time from a request to the line of `halyard app watch`, for every event of the
    /// Twist app.
    Watch {
        /// The server program.
        #[arg(long)]
        server: PathBuf,
        /// PostgreSQL address; SQLite in temporary directories without it.
        #[arg(long)]
        database: Option<String>,
        /// How often each event is made to happen.
        #[arg(long, default_value_t = 20)]
        rounds: u32,
    },
    /// Measures modules of apps beside a client written by hand.
    Apps {
        #[command(flatten)]
        duration: DurationArguments,
    },
    /// Measures what the generator and a handler that does nothing reach together.
    Ceiling {
        #[command(flatten)]
        duration: DurationArguments,
    },
    /// Serves the bare store limit until it is stopped.
    ServeBare {
        /// Address to listen on.
        #[arg(long)]
        listen: SocketAddr,
        /// Directory for SQLite.
        #[arg(long)]
        data_dir: PathBuf,
        /// PostgreSQL address, instead of SQLite.
        #[arg(long)]
        database: Option<String>,
    },
    /// Serves the bare HTTP limit until it is stopped.
    ServeTrivial {
        /// Address to listen on.
        #[arg(long)]
        listen: SocketAddr,
    },
}

#[derive(Args)]
struct DurationArguments {
    /// Seconds of each load before it is measured.
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
    /// Measured seconds of each load.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Run { server, database, only, results, duration } => {
            let settings = Settings {
                server,
                own_program: own_program()?,
                database_url: database,
                duration: duration.parse()?,
                only,
            };
            let report = runner::run(&settings, |what| {
                // Progress is a courtesy: a closed terminal must not end the run.
                let _ignored = writeln!(io::stderr(), "… {what}");
            })?;
            report.write_json(&results)?;
            write!(io::stdout(), "{report}").context("print the report")
        }
        Command::Feed { server, database, duration } => {
            let settings = Settings {
                server,
                own_program: own_program()?,
                database_url: database,
                duration: duration.parse()?,
                only: None,
            };
            let figures = feed::run(&settings, |what| {
                let _ignored = writeln!(io::stderr(), "… {what}");
            })?;
            write!(io::stdout(), "{figures}").context("print the figures")
        }
        Command::Deliveries { server, database, duration } => {
            let settings = Settings {
                server,
                own_program: own_program()?,
                database_url: database,
                duration: duration.parse()?,
                only: None,
            };
            let figures = deliveries::run(&settings, |what| {
                let _ignored = writeln!(io::stderr(), "… {what}");
            })?;
            write!(io::stdout(), "{figures}").context("print the figures")
        }
        Command::Watch { server, database, rounds } => {
            let none = Duration::ZERO;
            let settings = Settings {
                server,
                own_program: own_program()?,
                database_url: database,
                duration: LoadDuration { warm_up: none, measured: none },
                only: None,
            };
            let figures = watch::run(&settings, rounds, |what| {
                let _ignored = writeln!(io::stderr(), "… {what}");
            })?;
            write!(io::stdout(), "{figures}").context("print the figures")
        }
        Command::Iml { seconds, results, growth, sizes } => {
            let each = Duration::try_from_secs_f64(seconds).context("seconds")?;
            if let Some(containing) = growth {
                let mut table = String::new();
                iml::write_growth(&mut table, &iml::growth_of(each, &containing, &sizes)?, &sizes)?;
                return write!(io::stdout(), "{table}").context("print the figures");
            }
            let figures = iml::run(each)?;
            if let Some(file) = results {
                let text = serde_json::to_string_pretty(&figures).context("encode the figures")?;
                std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
            }
            write!(io::stdout(), "{figures}").context("print the figures")
        }
        Command::Apps { duration } => {
            let LoadDuration { warm_up, measured } = duration.parse()?;
            let figures = apps::run(warm_up, measured)?;
            write!(io::stdout(), "{figures}").context("print the figures")
        }
        Command::Ceiling { duration } => {
            let figures = runner::bare_http(&own_program()?, duration.parse()?)?;
            let text = serde_json::to_string_pretty(&figures).context("encode the figures")?;
            writeln!(io::stdout(), "{text}").context("print the figures")
        }
        Command::ServeBare { listen, data_dir, database } => bare::serve(
            listen,
            &database.map_or(bare::Place::Directory(data_dir), bare::Place::Url),
        ),
        Command::ServeTrivial { listen } => trivial::serve(listen),
    }
}

fn own_program() -> Result<PathBuf> {
    std::env::current_exe().context("find this program")
}

impl DurationArguments {
    fn parse(&self) -> Result<LoadDuration> {
        let seconds =
            |value| Duration::try_from_secs_f64(value).with_context(|| format!("{value} seconds"));
        Ok(LoadDuration { warm_up: seconds(self.warm_up)?, measured: seconds(self.seconds)? })
    }
}
