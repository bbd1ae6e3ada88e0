/** The chart of the docs, written by hand as SVG: milliseconds of a call against what grows. Readable on light and dark. */
import type { Series } from "./measure.ts";
import { quantile } from "./statistics.ts";

const PANEL = { width: 360, height: 200, left: 56, top: 40, gap: 70 };
const COLOURS = ["#2f81f7", "#d29922", "#3fb950"];

interface Panel {
  title: string;
  logarithmic: boolean;
  lines: Series[];
}

export function chart(history: Series[], instances: Series[]): string {
  const panels: Panel[] = [
    { title: "advance, ms, by the run's visits so far", logarithmic: false, lines: history },
    { title: "advance and start, ms, by runs in the file", logarithmic: true, lines: instances },
  ].filter(({ lines }) => lines.length > 0);
  const width = PANEL.left + panels.length * (PANEL.width + PANEL.gap);
  const height = PANEL.top + PANEL.height + 50;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"`,
    '  font-family="system-ui, sans-serif" font-size="12" fill="#7d8590">',
    "<title>The latency of a call does not grow with the history or with the number of runs</title>",
    ...panels.map((panel, index) => drawn(panel, PANEL.left + index * (PANEL.width + PANEL.gap))),
    "</svg>",
    "",
  ].join("\n");
}

function drawn({ title, logarithmic, lines }: Panel, x: number): string {
  const all = lines.flatMap(({ points }) => points);
  const most = 1.6 * Math.max(...all.map((point) => point.y));
  const scale = (value: number) => (logarithmic ? Math.log10(value) : value);
  const [low, high] = [
    quantile(
      all.map((point) => scale(point.x)),
      0,
    ),
    quantile(
      all.map((point) => scale(point.x)),
      1,
    ),
  ];
  const across = (value: number) => ((scale(value) - low) / (high - low || 1)) * PANEL.width;
  const down = (value: number) => PANEL.height * (1 - value / most);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => gridLine(down(share * most), (share * most).toFixed(2)));
  const ticks = [...new Set(all.map((point) => point.x))].map(
    (value) => `<text x="${px(across(value))}" y="${PANEL.height + 20}" text-anchor="middle">${short(value)}</text>`,
  );
  return [
    `<g transform="translate(${x} ${PANEL.top})">`,
    `<text x="0" y="-16" font-weight="600">${title}</text>`,
    ...grid,
    ...ticks,
    ...lines.map((line, index) => drawnLine(line, { index, across, down })),
    "</g>",
  ].join("\n");
}

function gridLine(y: number, label: string): string {
  return `<path d="M0 ${px(y)}h${PANEL.width}" stroke="#7d8590" stroke-opacity=".3"/><text x="-8" y="${px(y + 4)}" text-anchor="end">${label}</text>`;
}

function drawnLine(
  { name, points }: Series,
  at: { index: number; across(value: number): number; down(value: number): number },
): string {
  const colour = COLOURS[at.index % COLOURS.length];
  const path = points.map(({ x, y }, index) => `${index ? "L" : "M"}${px(at.across(x))} ${px(at.down(y))}`).join("");
  const dots = points.map(
    ({ x, y }) => `<circle cx="${px(at.across(x))}" cy="${px(at.down(y))}" r="3" fill="${colour}"/>`,
  );
  const label = `<text x="${at.index * 90}" y="${PANEL.height + 40}" fill="${colour}">${name}</text>`;
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join("")}${label}`;
}

function px(value: number): string {
  return value.toFixed(1);
}

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  return value >= 1_000 ? `${value / 1_000}k` : String(value);
}
