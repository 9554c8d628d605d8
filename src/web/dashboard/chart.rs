//! Bars over weeks, drawn on the server. Colours and type are the style's; a table says the same in figures.

use maud::{Markup, PreEscaped, html};

/// One bar.
pub(super) struct Bar {
    /// What it stands for: the week's Monday.
    pub(super) label: String,
    /// How high it is; nothing where nothing is known.
    pub(super) value: Option<f64>,
    /// The value as people read it.
    pub(super) shown: String,
    /// What the value was made from, such as `3 runs`.
    pub(super) from: String,
}

/// A chart.
pub(super) struct Chart<'a> {
    /// Its name on the page.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// What it shows, in a sentence.
    pub(super) about: &'a str,
    pub(super) bars: Vec<Bar>,
    /// Writes a value at the axis.
    pub(super) axis: fn(f64) -> String,
    /// The least that the axis reaches.
    pub(super) least: f64,
}

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 168.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 22.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 10.0;

impl Chart<'_> {
    /// Draws it.
    pub(super) fn draw(&self) -> Markup {
        let known = self.bars.iter().any(|bar| bar.value.is_some());
        let latest = self.bars.iter().rev().find(|bar| bar.value.is_some());
        html! {
            figure.chart aria-labelledby=(self.id) {
                figcaption {
                    h2 #(self.id) { (self.title) }
                    p.sub { (self.about) }
                    @if let Some(bar) = latest { p.figure { (bar.shown) span.sub { " week of " (bar.label) ", " (bar.from) } } }
                }
                @if known {
                    (self.svg())
                    details {
                        summary { "Figures" }
                        div.scroll tabindex="0" role="region" aria-label=(format!("{}: figures", self.title)) {
                            table.small {
                                thead { tr { th scope="col" { "Week of" } th.num scope="col" { (self.title) } th.num scope="col" { "From" } } }
                                tbody { @for bar in &self.bars {
                                    tr { th scope="row" { (bar.label) } td.num { (bar.shown) } td.num { (bar.from) } }
                                } }
                            }
                        }
                    }
                } @else { p.empty { "Nothing to show yet." } }
            }
        }
    }

    fn svg(&self) -> Markup {
        let most = self.bars.iter().filter_map(|bar| bar.value).fold(self.least, f64::max);
        let (top, steps) = scale(most);
        let inner = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let y = |value: f64| TOP + inner.1 * (1.0 - value / top);
        let many = self.bars.len().max(1);
        let room = inner.0 / float(many);
        let wide = (room * 0.72).min(28.0);
        let mut out = String::new();
        for step in 0..=steps {
            let value = top * float(step) / float(steps);
            let at = y(value);
            let line = html! {
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(round(at)) y2=(round(at)) {}
                text.axis x=(LEFT - 8.0) y=(round(at + 4.0)) text-anchor="end" { ((self.axis)(value)) }
            };
            out.push_str(&line.into_string());
        }
        for (at, bar) in self.bars.iter().enumerate() {
            let middle = LEFT + room * (float(at) + 0.5);
            let drawn = html! {
                @if let Some(value) = bar.value {
                    rect.bar x=(round(middle - wide / 2.0)) width=(round(wide)) y=(round(y(value).min(HEIGHT - BOTTOM - 1.0)))
                        height=(round((HEIGHT - BOTTOM - y(value)).max(1.0))) rx="1.5" {
                        title { (bar.label) ": " (bar.shown) " (" (bar.from) ")" }
                    }
                }
                @if at % many.div_ceil(6) == 0 {
                    text.axis x=(round(middle)) y=(HEIGHT - 5.0) text-anchor="middle" { (bar.label.get(5..).unwrap_or_default()) }
                }
            };
            out.push_str(&drawn.into_string());
        }
        html! {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(format!("{}, by week", self.title)) {
                (PreEscaped(out))
            }
        }
    }
}

/// A round number at or above `most`, and into how many steps it is cut.
fn scale(most: f64) -> (f64, usize) {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let unit = 10_f64.powf(most.log10().floor());
    for (times, steps) in [(1.0, 4), (2.0, 4), (3.0, 3), (4.0, 4), (5.0, 5), (6.0, 3), (8.0, 4), (10.0, 4)] {
        if unit * times >= most {
            return (unit * times, steps);
        }
    }
    (unit * 10.0, 4)
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A small number of things.
fn float(many: usize) -> f64 {
    u32::try_from(many).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::scale;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let ends: Vec<f64> = [0.07, 0.9, 1.0, 2.2, 41.0, 77.0, 0.0].into_iter().map(|most| scale(most).0).collect();
        for (end, wanted) in ends.into_iter().zip([0.08, 1.0, 1.0, 3.0, 50.0, 80.0, 1.0]) {
            assert!((end - wanted).abs() < 1e-9, "{end} is not {wanted}");
        }
    }
}
