//! How often verdicts are right where the truth is known.
//!
//! METHODOLOGY.md, "Did it get slower?", has this table; a test holds that they say the same.

use fastrand::Rng;
use smbsign::record::{Measurement, Protection, Run};
use smbsign::regression::{
    BetweenRuns, Cell, CellFloor, Floor, Options, Pair, Rule, Sample, Verdict, compare_runs, judge,
};

use super::draw::{CALM, Noise, World, cells, run};
use super::example;

/// Cells that are drawn for each world and truth.
const DRAWS: usize = 1_000;

/// How often, in per cent of the cells: at most so often called where nothing changed, either way; at most so often called
/// slower at 2 %, which is below the threshold; at least so often at 6 % and at 10 %, if anything is promised there.
#[derive(Debug, Clone, Copy)]
struct Rates {
    nothing: f64,
    two: f64,
    six: Option<f64>,
    ten: Option<f64>,
}

/// A row of the table.
struct Row {
    name: &'static str,
    runs: usize,
    world: World,
    side: Side,
    promised: Rates,
}

#[derive(Clone, Copy)]
enum Side {
    /// Records of eighteen cells.
    Few,
    /// Sixty cells, as by default.
    Default,
    /// Records, with a floor of this spread.
    Floor(f64),
    /// Two binaries side by side: six cells, each round a process of its own.
    TurnByTurn,
}

fn table() -> Vec<Row> {
    use Noise::{Episodes, HeavyTails, Normal};
    use Side::{Default, Few, Floor, TurnByTurn};
    let row = |name, (runs, rounds), world: World, side, [nothing, two, six, ten]: [f64; 4]| {
        let promise = |rate| (rate > 0.0).then_some(rate);
        let promised = Rates { nothing, two, six: promise(six), ten: promise(ten) };
        Row { name, runs, world: World { rounds, ..world }, side, promised }
    };
    let heavy = World { noise: HeavyTails(0.01), ..CALM };
    let episodes = World { noise: Episodes(0.01, 8), ..CALM };
    let differing = |offset| World { offset, ..CALM };
    let probe = |share| World { follows_probe: Some(share), ..CALM };
    vec![
        row("normal, 1 %", (3, 9), CALM, Few, [0.5, 5.0, 99.0, 99.0]),
        row("heavy tails", (3, 9), heavy, Few, [0.5, 5.0, 99.0, 99.0]),
        row("one trial in 8 slower by 20–45 %", (3, 9), episodes, Few, [0.5, 5.0, 90.0, 95.0]),
        row(
            "drift of up to 5 % within a run",
            (3, 9),
            World { drift: 0.05, ..CALM },
            Few,
            [0.5, 5.0, 99.0, 99.0],
        ),
        row("the probe moves by 5 %, the cell too", (3, 9), probe(1.0), Few, [0.5, 5.0, 99.0, 99.0]),
        row("the probe moves by 5 %, the cell not", (3, 9), probe(0.0), Few, [0.5, 5.0, 99.0, 99.0]),
        row("runs differ by 2 %", (3, 9), differing(0.02), Few, [1.0, 5.0, 0.0, 85.0]),
        row("runs differ by 5 %", (3, 9), differing(0.05), Few, [1.0, 5.0, 0.0, 0.0]),
        row("normal, 60 cells", (3, 3), CALM, Default, [0.5, 5.0, 95.0, 99.0]),
        row("runs differ by 5 %, 60 cells", (3, 3), differing(0.05), Default, [1.0, 5.0, 0.0, 0.0]),
        row("normal", (3, 5), CALM, Few, [0.5, 5.0, 99.0, 99.0]),
        row("normal", (5, 9), CALM, Few, [0.5, 5.0, 99.0, 99.0]),
        row("one trial in 8 slower by 20–45 %", (5, 9), episodes, Few, [0.5, 5.0, 90.0, 95.0]),
        row("normal, floor of 2 %", (1, 9), CALM, Floor(0.02), [0.5, 5.0, 70.0, 99.0]),
        row("normal, floor of 2 %", (2, 9), CALM, Floor(0.02), [0.5, 5.0, 99.0, 99.0]),
        row("normal, floor of 2 %", (1, 3), CALM, Floor(0.02), [0.5, 5.0, 85.0, 99.0]),
        row("turn by turn", (1, 20), CALM, TurnByTurn, [0.5, 10.0, 99.0, 99.0]),
        row("turn by turn, heavy tails", (1, 20), heavy, TurnByTurn, [0.5, 10.0, 99.0, 99.0]),
        row(
            "turn by turn, one trial in 8 slower by 20–45 %",
            (1, 20),
            episodes,
            TurnByTurn,
            [0.5, 10.0, 70.0, 70.0],
        ),
        row(
            "turn by turn, normal, 3 %",
            (1, 20),
            World { noise: Normal(0.03), ..CALM },
            TurnByTurn,
            [0.5, 15.0, 95.0, 99.0],
        ),
    ]
}

#[test]
fn verdicts_are_right_as_often_as_the_methodology_says() {
    let table = table();
    let (first, second) = table.split_at(table.len() / 2);
    let found = std::thread::scope(|scope| {
        let found = |rows: &[Row]| rows.iter().map(Row::found).collect::<Vec<_>>();
        let second = scope.spawn(move || found(second));
        [found(first), second.join().unwrap()].concat()
    });
    for (row, found) in table.iter().zip(found) {
        println!("{:50} {} runs of {:2} rounds: {found:?}", row.name, row.runs, row.world.rounds);
        let Rates { nothing, two, six, ten } = row.promised;
        let kept = found[0] <= nothing && found[1] <= two;
        let kept = kept && six.is_none_or(|six| found[2] >= six) && ten.is_none_or(|ten| found[3] >= ten);
        assert!(kept, "{}: promised {:?}", row.name, row.promised);
    }
}

#[test]
fn the_methodology_has_the_table_of_rates() {
    let methodology = include_str!("../../../METHODOLOGY.md");
    for row in table() {
        let Rates { nothing, two, six, ten } = row.promised;
        let promise = |rate: Option<f64>| rate.map_or("–".to_owned(), |rate| format!("≥ {rate} %"));
        let line = format!(
            "| {} | {} × {} | ≤ {nothing} % | ≤ {two} % | {} | {} |",
            row.name,
            row.runs,
            row.world.rounds,
            promise(six),
            promise(ten)
        );
        assert!(methodology.lines().any(|known| known == line), "missing in METHODOLOGY.md: {line}");
    }
}

#[test]
fn unsigned_cells_whose_runs_differ_are_not_called_beside_calm_ones() {
    let mut rng = Rng::with_seed(7);
    let differing = World { offset: 0.05, rounds: 3, ..CALM };
    let calm = World { rounds: 3, ..CALM };
    let all = ["1GbE", "10GbE", "max"].map(cells).concat();
    let (unsigned, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|cell| cell.protection == Protection::Unsigned);
    let mut side = || -> Vec<Run> {
        let runs = (0..3).map(|_| {
            let mut whole = run(&differing, &unsigned, 1.0, &mut rng);
            whole.measurements.extend(run(&calm, &others, 1.0, &mut rng).measurements);
            whole
        });
        runs.collect()
    };
    let (mut called, mut drawn) = (0, 0);
    while drawn < DRAWS {
        let options = Options { threshold: 0.03, floor: None, ignored: Vec::new() };
        let comparison = compare_runs(&side(), &side(), &options).unwrap();
        let judged = comparison.cells.iter().filter(|cell| cell.cell.protection == Protection::Unsigned);
        let is_called = |verdict: &Verdict| matches!(verdict, Verdict::Regressed | Verdict::Improved);
        drawn += judged.clone().count();
        called += judged.filter(|cell| is_called(&cell.judgement.verdict)).count();
    }
    println!("{called} of {drawn} unsigned cells called");
    assert!(100 * called <= drawn);
}

impl Row {
    /// How often verdicts were given, in per cent: either change where there is none, regressed at 2 %, 6 % and 10 %.
    fn found(&self) -> [f64; 4] {
        let cells = self.cells();
        [1.0, 1.02, 1.06, 1.10].map(|slower| {
            let mut rng = Rng::with_seed(7);
            let (mut drawn, mut called) = (0, 0);
            while drawn < DRAWS {
                let verdicts = self.draw(&cells, slower, &mut rng);
                drawn += verdicts.len();
                let counts = |verdict: &&Verdict| {
                    **verdict == Verdict::Regressed || (slower == 1.0 && **verdict == Verdict::Improved)
                };
                called += verdicts.iter().filter(counts).count();
            }
            (1000.0 * called as f64 / drawn as f64).round() / 10.0
        })
    }

    fn cells(&self) -> Vec<Measurement> {
        match self.side {
            Side::Few | Side::Floor(_) => cells("max"),
            Side::Default => {
                let all = ["1GbE", "2.5GbE", "10GbE", "max"].map(cells).concat();
                all.into_iter().take(60).collect()
            }
            Side::TurnByTurn => cells("max").into_iter().take(6).collect(),
        }
    }

    /// The verdicts of one comparison.
    fn draw(&self, cells: &[Measurement], slower: f64, rng: &mut Rng) -> Vec<Verdict> {
        let mut side =
            |slower| (0..self.runs).map(|_| run(&self.world, cells, slower, rng)).collect::<Vec<_>>();
        let (base, new) = (side(1.0), side(slower));
        let floor = match self.side {
            Side::TurnByTurn => return turn_by_turn(&base, &new),
            Side::Floor(spread) => Some(floor(spread)),
            Side::Few | Side::Default => None,
        };
        let options = Options { threshold: 0.03, floor, ignored: Vec::new() };
        let comparison = compare_runs(&base, &new, &options).unwrap();
        comparison.cells.iter().map(|cell| cell.judgement.verdict).collect()
    }
}

fn turn_by_turn(base: &[Run], new: &[Run]) -> Vec<Verdict> {
    let between_runs = BetweenRuns::Shown;
    let cells = base[0].measurements.iter().zip(&new[0].measurements);
    let rule = Rule { threshold: 0.03, level: 0.05 / 6.0, between_runs, shift: 0.0 };
    let verdicts = cells.map(|(base, new)| {
        let trials = base.trials.iter().zip(&new.trials);
        let pairs =
            trials.map(|(base, new)| Pair { base: Sample::of(base).unwrap(), new: Sample::of(new).unwrap() });
        judge(&[pairs.collect()], &rule).unwrap().verdict
    });
    verdicts.collect()
}

fn floor(spread: f64) -> Floor {
    let cell = Cell::of(&cells("max")[0]);
    Floor {
        schema: Floor::SCHEMA.to_owned(),
        machine: example::machine(),
        tool: smbsign::record::Tool::current(),
        cells: vec![CellFloor { cell, shift: 0.0, spread, rounds: 20 }],
    }
}
