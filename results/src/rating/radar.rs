//! The radar chart of categories, as MT-Bench's authors draw it.

use std::fmt::Write;

use super::SCALE;
use crate::Summary;

/// One run's ratings, in the order of the chart's axes.
#[derive(Debug, Clone, PartialEq)]
pub struct RadarSeries {
    /// What the legend says.
    pub name: String,
    /// The mean of each category; `None` is drawn at the centre.
    pub values: Vec<Option<f64>>,
}

/// Colours that stay apart on light and dark ground and for colour-blind readers (Okabe and Ito).
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999"];

const CENTRE: (f64, f64) = (260.0, 220.0);
const RADIUS: f64 = 150.0;

/// Draws one polygon per series over axes that run from 0 to 10. The picture brings no colours of its
/// own for text and lines, so that it fits light and dark pages.
pub fn radar(axes: &[&str], series: &[RadarSeries]) -> String {
    let height = 440 + 20 * series.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 520 {height}\" width=\"520\" \
         height=\"{height}\" role=\"img\" fill=\"none\" stroke=\"currentColor\" \
         font-family=\"sans-serif\" font-size=\"13\"><title>Mean rating by category</title>"
    );
    for ring in [2.0, 4.0, 6.0, 8.0, 10.0] {
        polygon(&mut svg, &vec![Some(ring); axes.len()], "stroke-opacity=\"0.25\"");
    }
    for (idx, axis) in axes.iter().enumerate() {
        let (x, y) = point(idx, axes.len(), SCALE.1);
        let (tx, ty) = point(idx, axes.len(), SCALE.1 * 1.1);
        let anchor = match tx - CENTRE.0 {
            dx if dx > 5.0 => "start",
            dx if dx < -5.0 => "end",
            _ => "middle",
        };
        put(
            &mut svg,
            format_args!(
                "<line x1=\"{}\" y1=\"{}\" x2=\"{x:.1}\" y2=\"{y:.1}\" stroke-opacity=\"0.25\"/>\
                 <text x=\"{tx:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" stroke=\"none\" \
                 fill=\"currentColor\">{}</text>",
                CENTRE.0,
                CENTRE.1,
                ty + 4.0,
                escape(axis)
            ),
        );
    }
    for (idx, one) in series.iter().enumerate() {
        let colour = COLOURS[idx % COLOURS.len()];
        let style = format!(
            "stroke=\"{colour}\" stroke-width=\"2\" fill=\"{colour}\" fill-opacity=\"0.12\""
        );
        polygon(&mut svg, &one.values, &style);
        let y = 430 + 20 * idx;
        put(
            &mut svg,
            format_args!(
                "<rect x=\"30\" y=\"{y}\" width=\"12\" height=\"12\" fill=\"{colour}\" \
                 stroke=\"none\"/><text x=\"50\" y=\"{}\" stroke=\"none\" fill=\"currentColor\">{}</text>",
                y + 11,
                escape(&one.name)
            ),
        );
    }
    svg + "</svg>"
}

/// The chart of the first judge of every run that has one with three categories or more; `None` where
/// there is no such run.
pub fn radar_of(summaries: &[Summary]) -> Option<String> {
    let judges: Vec<_> = summaries
        .iter()
        .filter_map(|summary| Some((summary, summary.ratings.judges.first()?)))
        .filter(|(_, judge)| judge.categories.len() > 2)
        .collect();
    let (_, first) = judges.first()?;
    let axes: Vec<&str> = first.categories.iter().map(|part| part.name.as_str()).collect();
    let series: Vec<RadarSeries> = judges
        .iter()
        .map(|(summary, judge)| {
            let value = |axis: &&str| {
                let part = judge.categories.iter().find(|part| part.name == **axis)?;
                Some(part.estimate.value)
            };
            RadarSeries {
                name: format!("{}, {} (judge {})", summary.model, summary.task, judge.judge),
                values: axes.iter().map(value).collect(),
            }
        })
        .collect();
    Some(radar(&axes, &series))
}

/// Where a value stands on an axis; the first axis points up, and the others follow clockwise.
fn point(idx: usize, n_axes: usize, value: f64) -> (f64, f64) {
    let angle = std::f64::consts::TAU * idx as f64 / n_axes as f64;
    let distance = RADIUS * value / SCALE.1;
    (CENTRE.0 + distance * angle.sin(), CENTRE.1 - distance * angle.cos())
}

fn polygon(svg: &mut String, values: &[Option<f64>], style: &str) {
    let corner = |(idx, value): (usize, &Option<f64>)| {
        let (x, y) = point(idx, values.len(), value.unwrap_or(0.0));
        format!("{x:.1},{y:.1}")
    };
    let corners: Vec<String> = values.iter().enumerate().map(corner).collect();
    put(svg, format_args!("<polygon points=\"{}\" {style}/>", corners.join(" ")));
}

fn put(svg: &mut String, part: std::fmt::Arguments<'_>) {
    svg.write_fmt(part).expect("writing to a string cannot fail");
}

/// Text that is safe inside an element.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_polygon_for_each_series_and_no_markup_from_names() {
        let series = RadarSeries {
            name: "</svg><script>".to_owned(),
            values: vec![Some(10.0), None, Some(5.0), Some(10.0)],
        };
        let svg = radar(&["writing", "math", "stem", "coding"], &[series.clone(), series]);
        assert_eq!(svg.matches("<polygon").count(), 5 + 2);
        assert_eq!(svg.matches("</svg>").count(), 1);
        assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;"));
        // The first axis points up, the third down, and what is missing lies at the centre.
        assert!(svg.contains("260.0,70.0 260.0,220.0 260.0,295.0 110.0,220.0"), "{svg}");
    }
}
