//! The report: medians over the rounds and the spread between them, as Markdown tables. Measures nothing.

use std::fmt::Write as _;
use std::time::Duration;

use crate::load::Round;
use crate::operation::Operation;
use crate::settings::Settings;

/// The measurements of one server and operation, one figure per round.
#[derive(Default)]
pub(crate) struct Figures {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    /// CPU time per request, in microseconds.
    cpu: Vec<f64>,
}

impl Figures {
    pub(crate) fn take(&mut self, round: &Round, cpu: Option<Duration>) {
        self.rates.push(round.rate());
        self.p50.push(round.latency(0.5));
        self.p99.push(round.latency(0.99));
        if let Some(cpu) = cpu {
            self.cpu
                .push(cpu.as_secs_f64() * 1e6 / round.latencies.len() as f64);
        }
    }
}

/// The measurements of one operation.
pub(crate) struct Row {
    operation: Operation,
    pub(crate) mock: Figures,
    pub(crate) twin: Figures,
}

impl Row {
    pub(crate) fn new(operation: Operation) -> Self {
        Self {
            operation,
            mock: Figures::default(),
            twin: Figures::default(),
        }
    }
}

/// The times of a start.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// Until it says that it is ready.
    pub(crate) ready: Duration,
    /// Until its first answer.
    pub(crate) answer: Duration,
}

/// One of the times of a start.
type Time = fn(&Start) -> Duration;

/// The starts of both servers.
#[derive(Default)]
pub(crate) struct StartUp {
    pub(crate) mock: Vec<Start>,
    pub(crate) twin: Vec<Start>,
}

/// Readings of resident memory in bytes, each with the number of requests answered before it: first idle, then full, then
/// after each round.
#[derive(Default)]
pub(crate) struct Memory {
    readings: Vec<(usize, Option<u64>)>,
    /// The reading some time after a reset.
    pub(crate) after_reset: Option<u64>,
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / (1024.0 * 1024.0))
}

impl Memory {
    pub(crate) fn take(&mut self, answered: usize, resident: Option<u64>) {
        self.readings.push((answered, resident));
    }

    fn mebibytes(&self, sample: Option<&(usize, Option<u64>)>) -> String {
        let bytes = sample.and_then(|(_, resident)| *resident);
        bytes.map_or("?".to_owned(), mebibytes)
    }

    /// Growth in bytes per request, over all readings but the idle one.
    fn slope(&self) -> String {
        let points: Vec<(f64, f64)> = self
            .readings
            .iter()
            .skip(1)
            .filter_map(|(answered, resident)| Some((*answered as f64, (*resident)? as f64)))
            .collect();
        slope(&points).map_or("?".to_owned(), |slope| format!("{slope:+.2}"))
    }
}

/// The slope of the least-squares line.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let shared: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    (spread > 0.0).then(|| shared / spread)
}

/// The median, the smallest and the largest.
fn spread(figures: impl IntoIterator<Item = f64>) -> Option<(f64, f64, f64)> {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_unstable_by(f64::total_cmp);
    let (least, greatest) = (*figures.first()?, *figures.last()?);
    let middle = figures.len() / 2;
    let median = if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        f64::midpoint(figures[middle - 1], figures[middle])
    };
    Some((median, least, greatest))
}

/// The median with `digits` decimal places.
pub(crate) fn median(figures: &[f64], digits: usize) -> String {
    spread(figures.iter().copied())
        .map_or("?".to_owned(), |(median, ..)| format!("{median:.digits$}"))
}

/// The ratio of each round: the median, then the range in parentheses.
pub(crate) fn ratio(mock: &[f64], twin: &[f64]) -> String {
    spread(mock.iter().zip(twin).map(|(mock, twin)| mock / twin))
        .map_or("?".to_owned(), |(median, least, greatest)| {
            format!("**{median:.2}** ({least:.2} to {greatest:.2})")
        })
}

/// Writes the report.
pub(crate) fn report(
    settings: &Settings,
    rows: &[Row],
    start_up: &StartUp,
    mock: &Memory,
    twin: &Memory,
) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(&mut text, settings, rows, start_up, [mock, twin]);
    text
}

fn write_report(
    text: &mut String,
    settings: &Settings,
    rows: &[Row],
    start_up: &StartUp,
    memory: [&Memory; 2],
) -> std::fmt::Result {
    let Settings {
        rounds,
        seconds,
        connections,
        starts,
        ..
    } = settings;
    let other = settings.other();
    writeln!(
        text,
        "Mock ({}) and {other}: {rounds} rounds of {seconds} s each, in turn, over {connections} connections. Figures are \
         medians, with the range in parentheses. A ratio divides the mock's figure by the {other}'s of the same round.\n",
        settings.build()
    )?;
    writeln!(
        text,
        "| operation | req/s mock | req/s {other} | ratio | target | p50 / p99 ms mock | p50 / p99 ms {other} | CPU µs/req mock | CPU µs/req {other} | CPU ratio |"
    )?;
    writeln!(
        text,
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
    )?;
    for Row {
        operation,
        mock,
        twin,
    } in rows
    {
        let target = operation
            .target_ratio
            // It is a target against the twin.
            .filter(|_| settings.against.is_none())
            .map_or(String::new(), |ratio| format!("{ratio}"));
        writeln!(
            text,
            "| {} | {} | {} | {} | {target} | {} / {} | {} / {} | {} | {} | {} |",
            operation.name,
            median(&mock.rates, 0),
            median(&twin.rates, 0),
            ratio(&mock.rates, &twin.rates),
            median(&mock.p50, 2),
            median(&mock.p99, 2),
            median(&twin.p50, 2),
            median(&twin.p99, 2),
            median(&mock.cpu, 1),
            median(&twin.cpu, 1),
            ratio(&mock.cpu, &twin.cpu),
        )?;
    }
    let millis = |starts: &[Start], time: Time| {
        spread(starts.iter().map(|start| time(start).as_secs_f64() * 1e3))
            .map_or("?".to_owned(), |(median, least, greatest)| {
                format!("{median:.1} ({least:.1} to {greatest:.1})")
            })
    };
    let times: [(&str, Time); 2] = [
        ("ready", |start| start.ready),
        ("first answer", |start| start.answer),
    ];
    writeln!(text, "\n| | mock | {other} |\n| --- | --: | --: |")?;
    for (what, time) in times {
        writeln!(
            text,
            "| start to {what}, ms, {starts} starts | {} | {} |",
            millis(&start_up.mock, time),
            millis(&start_up.twin, time)
        )?;
    }
    let [mock, twin] = memory;
    let mut line = |what: &str, of: &dyn Fn(&Memory) -> String| {
        writeln!(text, "| {what} | {} | {} |", of(mock), of(twin))
    };
    line("resident memory, idle, MiB", &|memory| {
        memory.mebibytes(memory.readings.first())
    })?;
    line("resident memory, all limits reached, MiB", &|memory| {
        memory.mebibytes(memory.readings.get(1))
    })?;
    line("resident memory, after the last round, MiB", &|memory| {
        memory.mebibytes(memory.readings.last())
    })?;
    line("growth after that, bytes/request", &Memory::slope)?;
    line("resident memory, 12 s after a reset, MiB", &|memory| {
        memory.after_reset.map_or("-".to_owned(), mebibytes)
    })?;
    line("requests answered", &|memory| {
        memory
            .readings
            .last()
            .map_or("?".to_owned(), |(answered, _)| answered.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::{Memory, ratio, slope, spread};

    #[test]
    fn a_median_lies_in_the_middle() {
        assert_eq!(spread([3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(spread([4.0, 1.0, 2.0, 3.0]), Some((2.5, 1.0, 4.0)));
        assert_eq!(spread([]), None);
    }

    #[test]
    fn a_ratio_compares_figures_of_the_same_round() {
        assert_eq!(ratio(&[1.0, 30.0], &[2.0, 40.0]), "**0.62** (0.50 to 0.75)");
        assert_eq!(ratio(&[], &[]), "?");
    }

    #[test]
    fn growth_is_per_request_and_leaves_the_idle_reading_out() {
        assert_eq!(slope(&[(0.0, 1.0), (10.0, 21.0)]), Some(2.0));
        assert_eq!(slope(&[(1.0, 1.0)]), None);
        let mut memory = Memory::default();
        for (answered, resident) in [(0, 4), (1_024, 102_400), (2_048, 103_424), (3_072, 104_448)] {
            memory.take(answered, Some(resident));
        }
        assert_eq!(
            (
                memory.slope().as_str(),
                memory.mebibytes(memory.readings.get(1)).as_str()
            ),
            ("+1.00", "0.1")
        );
    }
}
