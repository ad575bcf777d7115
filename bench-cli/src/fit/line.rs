//! A straight line through points whose errors grow with their values, and how far it can be trusted.

/// A fixed part and a slope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) fixed: f64,
    pub(super) slope: f64,
}

/// A line, the standard errors of both parts, and the largest distance of a point from it as a share of its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fitted {
    pub(super) line: Line,
    pub(super) errors: Line,
    pub(super) residual: f64,
}

impl Line {
    /// The line that is nearest to the points, distances counted as shares of their values: least squares with weights 1/y².
    /// `None` where a value is not above zero, or all lie above one place.
    fn through(points: &(impl Iterator<Item = (f64, f64)> + Clone)) -> Option<Self> {
        if points.clone().any(|(_, y)| y.is_nan() || y <= 0.0) {
            return None;
        }
        let sum = |of: fn(f64, f64) -> f64| points.clone().map(|(x, y)| of(x, y) / (y * y)).sum::<f64>();
        let weight = sum(|_, _| 1.0);
        let (x_mean, y_mean) = (sum(|x, _| x) / weight, sum(|_, y| y) / weight);
        // About the means, where nothing large is subtracted from something as large.
        let about = |of: fn(f64, f64) -> f64| {
            points.clone().map(|(x, y)| of(x - x_mean, y - y_mean) / (y * y)).sum::<f64>()
        };
        let slope = about(|x, y| x * y) / about(|x, _| x * x);
        slope.is_finite().then_some(Self { fixed: y_mean - slope * x_mean, slope })
    }

    fn at(self, x: f64) -> f64 {
        self.fixed + self.slope * x
    }
}

impl Fitted {
    /// The fewest points: two give a line, and nothing to doubt it by.
    pub(super) const FEWEST_POINTS: usize = 3;

    /// The line through points of different places, with the jackknife's standard errors: how much the line moves when each
    /// point in turn is left out. That holds what points scatter by, and what a straight line cannot say of them.
    pub(super) fn through(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < Self::FEWEST_POINTS {
            return None;
        }
        let line = Line::through(&points.iter().copied())?;
        let without = |left_out: usize| {
            let others = points.iter().enumerate().filter(move |(at, _)| *at != left_out);
            Line::through(&others.map(|(_, point)| *point))
        };
        let lines: Vec<Line> = (0..points.len()).map(without).collect::<Option<_>>()?;
        let count = lines.len() as f64;
        let error = |part: fn(&Line) -> f64| {
            let mean = lines.iter().map(part).sum::<f64>() / count;
            let squares = lines.iter().map(|line| (part(line) - mean).powi(2)).sum::<f64>();
            ((count - 1.0) / count * squares).sqrt()
        };
        let errors = Line { fixed: error(|line| line.fixed), slope: error(|line| line.slope) };
        let residuals = points.iter().map(|(x, y)| (line.at(*x) / y - 1.0).abs());
        Some(Self { line, errors, residual: residuals.fold(0.0, f64::max) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [f64; 6] = [128.0, 512.0, 1024.0, 4096.0, 65_536.0, 1_048_576.0];

    #[test]
    fn points_on_a_line_give_it_back_without_error() {
        let points = SIZES.map(|bytes| (bytes, 13.0 + 0.047 * bytes));
        let Fitted { line, errors, residual } = Fitted::through(&points).unwrap();
        assert!((line.fixed - 13.0).abs() < 1e-6 && (line.slope - 0.047).abs() < 1e-9, "{line:?}");
        assert!(errors.fixed < 1e-6 && errors.slope < 1e-9 && residual < 1e-9, "{errors:?} {residual}");
    }

    #[test]
    fn scattered_points_lie_as_often_within_two_errors_as_errors_promise() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut within = 0;
        for _ in 0..500 {
            let points = SIZES.map(|bytes| (bytes, (13.0 + 0.047 * bytes) * (0.97 + 0.06 * random.f64())));
            let Fitted { line, errors, residual } = Fitted::through(&points).unwrap();
            assert!(residual < 0.06, "{residual}");
            within += usize::from((line.slope - 0.047).abs() < 2.0 * errors.slope);
            within += usize::from((line.fixed - 13.0).abs() < 2.0 * errors.fixed);
        }
        assert!((850..=990).contains(&within), "{within} of 1000");
    }

    #[test]
    fn what_is_no_line_has_a_large_residual() {
        let points = SIZES.map(|bytes| (bytes, 13.0 + 0.047 * bytes + 40.0 * f64::from(bytes > 512.0)));
        assert!(Fitted::through(&points).unwrap().residual > 0.1);
    }

    #[test]
    fn too_few_points_values_below_zero_and_a_single_place_give_no_line() {
        assert_eq!(Fitted::through(&[(1.0, 1.0), (2.0, 2.0)]), None);
        assert_eq!(Fitted::through(&[(1.0, 1.0), (2.0, -2.0), (3.0, 3.0)]), None);
        assert_eq!(Fitted::through(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]), None);
    }
}
