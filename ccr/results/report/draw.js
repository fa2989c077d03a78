"use strict";
// What renderers share: elements, controls, scales, and line charts. A renderer is CCR.render[kind](root, data, chapter).
const CCR = { render: {} };

// el("p", {class: "note"}, "text", node): text is text, never markup.
CCR.el = (tag, attributes = {}, ...children) => CCR.fill(document.createElement(tag), attributes, children);
CCR.svg = (tag, attributes = {}, ...children) =>
  CCR.fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
CCR.fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
};

CCR.colour = (row) => `var(--c${row % 8})`;
CCR.dash = (row) => (row < 8 ? null : row < 16 ? "6 4" : "2 3");
CCR.number = (value, digits = 1) =>
  value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−");
CCR.short = (value) => {
  const [size, unit] = [[1e9, "G"], [1e6, "M"], [1e3, "k"]].find(([size]) => Math.abs(value) >= size) || [1, ""];
  return `${+(value / size).toPrecision(3)}${unit}`;
};
CCR.language = (lang) => {
  try { return new Intl.DisplayNames(["en"], { type: "language" }).of(lang); } catch { return lang; }
};

// A labelled <select>; options are [value, title] pairs.
CCR.select = (label, options, chosen, changed) => {
  const field = CCR.el("select", { onchange: () => changed(field.value) },
    options.map(([value, title]) => CCR.el("option", { value, selected: String(value) === String(chosen) }, title)));
  return CCR.el("label", {}, label, field);
};

// A figure whose chart is as wide as its place, drawn anew when that changes.
CCR.figure = (caption, height, draw, label) => {
  const chart = CCR.svg("svg", { role: "img", "aria-label": label || caption });
  const node = CCR.el("figure", {}, caption ? CCR.el("figcaption", {}, caption) : null, chart);
  let before = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (!width || width === before) return;
    before = width;
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    chart.replaceChildren(...draw(width, height).flat(9).filter(Boolean));
  }).observe(node);
  return node;
};

CCR.scale = (from, to, log = false) => {
  const f = log ? Math.log : (x) => x;
  const [a, b] = [f(from[0]), f(from[1])];
  return (x) => to[0] + ((f(x) - a) / (b - a || 1)) * (to[1] - to[0]);
};
CCR.ticks = (low, high, count = 5) => {
  const rough = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * power >= rough) * power, out = [];
  for (let x = Math.ceil(low / step) * step; x <= high + step * 1e-9; x += step) out.push(+x.toPrecision(12));
  return out;
};
CCR.logTicks = (low, high) => {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const m of [1, 2, 5]) if (m * 10 ** power >= low * 0.999 && m * 10 ** power <= high * 1.001) all.push(m * 10 ** power);
  const tens = all.filter((x) => Number.isInteger(+Math.log10(x).toFixed(9)));
  return tens.length > 2 ? tens : all;
};
CCR.line = (x1, y1, x2, y2, kind = "grid") => CCR.svg("line", { x1, y1, x2, y2, class: kind });
CCR.text = (x, y, words, { anchor = "middle", kind = "" } = {}) =>
  CCR.svg("text", { x, y, "text-anchor": anchor, class: kind }, words);

// Line charts: series are {row, points: [[x, y], ...]}; x and y are {log, low, high, title, ticks}.
CCR.lines = (series, x, y) => (width, height) => {
  const box = { left: 44, right: width - 12, top: 10, bottom: height - 34 };
  const points = series.flatMap((one) => one.points);
  if (!points.length) return [CCR.text(width / 2, height / 2, "nothing was logged")];
  const [xs, ys] = [0, 1].map((i) => points.map((p) => p[i]));
  const low = y.low ?? Math.min(...ys), high = y.high ?? Math.max(...ys), pad = (high - low || Math.abs(high) || 1) * 0.05;
  const span = y.log ? [low / 1.1, high * 1.1] : [y.low ?? low - pad, y.high ?? high + pad];
  const px = CCR.scale([x.low ?? Math.min(...xs), x.high ?? Math.max(...xs)], [box.left, box.right], x.log);
  const py = CCR.scale(span, [box.bottom, box.top], y.log);
  const across = x.ticks || CCR.ticks(Math.min(...xs), Math.max(...xs), Math.max(2, Math.floor(width / 90)));
  return [
    (y.log ? CCR.logTicks(...span) : CCR.ticks(...span)).map((t) => [
      CCR.line(box.left, py(t), box.right, py(t)), CCR.text(box.left - 7, py(t) + 4, CCR.short(t), { anchor: "end" })]),
    across.map((t) => CCR.text(px(t), box.bottom + 16, CCR.short(t))),
    CCR.text((box.left + box.right) / 2, height - 3, x.title),
    series.map(({ row, points, title }) => CCR.svg("g", { "data-row": row },
      CCR.svg("path", { class: "line", stroke: CCR.colour(row), "stroke-dasharray": CCR.dash(row),
        d: points.map(([a, b], i) => `${i ? "L" : "M"}${px(a).toFixed(1)} ${py(b).toFixed(1)}`).join("") },
      CCR.svg("title", {}, title)),
      points.length < 25 ? points.map(([a, b]) => CCR.svg("circle", { cx: px(a), cy: py(b), r: 3, fill: CCR.colour(row) },
        CCR.svg("title", {}, `${title}: ${CCR.short(b)} at ${CCR.short(a)}`))) : null)),
  ];
};
