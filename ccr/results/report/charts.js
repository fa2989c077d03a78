"use strict";
// The renderers of charts.

CCR.render.languages = (root, data, { labels }) => {
  const stage = CCR.el("div", { class: "charts" });
  const draw = (chosen) => {
    const { title, cells, percent } = data.metrics[chosen];
    const groups = data.langs.map((lang, i) => ({ name: data.shown[i], lang, cells: cells.map((row) => row[i]) }));
    // a panel per line of groups: bars stay wide enough to be read on a phone
    const panel = (width, height) => {
      const ends = cells.flat().flatMap(([mean, , high]) => [mean, high]).filter((x) => x !== null);
      const box = { left: 40, right: width - 4, top: 12, bottom: height - 26 };
      const top = Math.max(...ends, 0.1), py = CCR.scale([0, percent ? Math.min(100, top * 1.06) : top * 1.06], [box.bottom, box.top]);
      const room = (box.right - box.left) / groups.length, bar = Math.min(30, (room * 0.78) / labels.length);
      return [
        CCR.ticks(0, percent ? Math.min(100, top * 1.06) : top * 1.06).map((t) => [
          CCR.line(box.left, py(t), box.right, py(t)), CCR.text(box.left - 7, py(t) + 4, CCR.short(t), { anchor: "end" })]),
        groups.map((group, g) => {
          const middle = box.left + room * (g + 0.5), start = middle - (bar * labels.length) / 2;
          return [
            CCR.text(middle, height - 8, group.name, { kind: "strong" }),
            group.cells.map(([mean, low, high], row) => mean === null ? null : CCR.svg("g", { "data-row": row },
              CCR.svg("title", {}, `${labels[row]}, ${CCR.language(group.lang)}: ${CCR.number(mean)}`
                + (low === null ? "" : ` [${CCR.number(low)}, ${CCR.number(high)}]`)),
              CCR.svg("rect", { x: start + bar * row + 1, y: py(mean), width: Math.max(1, bar - 2), rx: Math.min(3, bar / 4),
                height: Math.max(0, box.bottom - py(mean)), fill: CCR.colour(row), opacity: row < 8 ? 1 : 0.6 }),
              low === null ? null : CCR.svg("path", { class: "whisker",
                d: `M${start + bar * (row + 0.5)} ${py(Math.max(0, low))}V${py(high)}m-3 0h6M${start + bar * (row + 0.5) - 3} ${py(Math.max(0, low))}h6` }))),
          ];
        }),
      ];
    };
    stage.replaceChildren(CCR.figure("", 290, panel, `${title} by language, a bar per row`));
  };
  const titles = data.metrics.map(({ title }, i) => [i, title]);
  root.append(CCR.el("div", { class: "controls" }, CCR.select("Metric", titles, 0, (i) => draw(+i))), stage);
  draw(0);
};

CCR.render.recall = (root, data, { labels }) => {
  const stage = CCR.el("div", { class: "charts" }), state = { lang: "*" };
  const values = (row, way) => {
    const langs = state.lang === "*" ? data.targets : [state.lang];
    return data.ks.map((k, i) => [k, langs.reduce((sum, lang) => sum + data.rows[row][`${lang}/${way}`][i], 0) / langs.length]);
  };
  const ticks = [1, 5, 10, 50, 100, 500, 1000].filter((k) => k <= data.ks.at(-1));
  const draw = () => stage.replaceChildren(...[["t2i", "text to image"], ["i2t", "image to text"]].map(([way, title]) =>
    CCR.figure(title, 280, CCR.lines(labels.map((label, row) => ({ row, title: label, points: values(row, way) })),
      { log: true, title: "K", ticks }, { low: 0, high: 100 }), `Recall against K, ${title}`)));
  const langs = [["*", "mean of the target languages"], ...data.langs.map((lang) => [lang, CCR.language(lang)])];
  root.append(CCR.el("div", { class: "controls" },
    CCR.select("Language", langs, "*", (lang) => { state.lang = lang; draw(); })), stage);
  draw();
};

CCR.render.curves = (root, data, { labels }) => {
  const stage = CCR.el("div", { class: "charts" });
  const draw = (term) => {
    const shown = data.phases.map((phase) => [phase, data.rows.flatMap((runs, row) => runs
      .filter(({ series }) => series[phase]?.[term])
      .map(({ seed, series }) => ({ row, title: `${labels[row]}, seed ${seed}`, points: series[phase][term] })))]);
    stage.replaceChildren(...shown.filter(([, series]) => series.length).map(([phase, series]) => {
      const positive = series.every(({ points }) => points.every(([, value]) => value > 0));
      return CCR.figure(`${phase}: ${term}`, 260, CCR.lines(series, { title: "step" }, { log: term !== "validation" && positive }));
    }));
  };
  root.append(CCR.el("div", { class: "controls" },
    CCR.select("Shown", data.terms.map((term) => [term, term === "validation" ? "validation" : `loss: ${term}`]), data.terms[0], draw)), stage);
  draw(data.terms[0]);
};

CCR.render.costs = (root, data, { labels }) => {
  const chart = (kind, title) => {
    const rows = data.rows.map((row, i) => ({ ...row, i, cost: row.costs[kind] })).filter(({ cost }) => cost !== null && cost !== undefined);
    const paid = rows.map(({ cost }) => cost).filter((cost) => cost > 0), free = rows.some(({ cost }) => cost <= 0);
    const ends = rows.flatMap(({ value, low, high }) => [value, low, high]).filter((x) => x !== null);
    const draw = (width, height) => {
      const box = { left: 40, right: width - 14, top: 14, bottom: height - 38 };
      const pad = (Math.max(...ends) - Math.min(...ends)) * 0.12 || 1;
      const span = [Math.min(...ends) - pad, Math.max(...ends) + pad], py = CCR.scale(span, [box.bottom, box.top]);
      const first = free && paid.length ? box.left + 46 : box.left;
      const range = paid.length ? [Math.min(...paid) / 1.6, Math.max(...paid) * 1.6] : [1, 10];
      const log = CCR.scale(range, [first, box.right], true), px = (cost) => (cost > 0 ? log(cost) : box.left + 20);
      let ticks = CCR.logTicks(...range);
      if (ticks.length < 3) ticks = CCR.ticks(...range, Math.max(2, Math.floor(width / 130)));
      while (ticks.length > Math.max(2, width / 80)) ticks = ticks.filter((_, i) => i % 2 === 0);
      // names keep out of the way of points and of each other: each takes the first free place around its point
      const taken = rows.map(({ cost, value }) => [px(cost) - 9, py(value) - 9, px(cost) + 9, py(value) + 9]);
      const place = (x, y, words) => {
        const wide = words.length * 6.8;
        const free = [0, -16, 16, -30, 30, -44, 44].flatMap((shift) => [[x + 11, y + shift, 1], [x - 11, y + shift, -1]])
          .map(([at, line, side]) => ({ at, line, side, box: [side > 0 ? at : at - wide, line - 7, side > 0 ? at + wide : at, line + 7] }))
          .filter(({ box: [l, t, r, b] }) => l > box.left - 6 && r < width && t > 0 && b < box.bottom);
        const found = free.find(({ box: [l, t, r, b] }) => taken.every(([p, q, m, n]) => r < p || l > m || b < q || t > n)) || free[0] || { at: x, line: y - 14, side: 0, box: [0, 0, 0, 0] };
        taken.push(found.box);
        return CCR.text(found.at, found.line + 4, words, { anchor: ["end", "middle", "start"][found.side + 1], kind: "strong halo" });
      };
      return [
        CCR.ticks(...span).map((t) => [CCR.line(box.left, py(t), box.right, py(t)), CCR.text(box.left - 7, py(t) + 4, CCR.short(t), { anchor: "end" })]),
        ticks.filter((t) => px(t) > first + 8 || !free).map((t) => CCR.text(px(t), box.bottom + 17, CCR.short(t))),
        free ? [CCR.text(box.left + 20, box.bottom + 17, "0"), paid.length ? CCR.svg("line", { x1: first - 6, x2: first - 6, y1: box.top, y2: box.bottom, class: "grid", "stroke-dasharray": "3 4" }) : null] : null,
        CCR.text((box.left + box.right) / 2, height - 4, title),
        rows.map(({ i, cost, value, low, high }) => {
          const x = px(cost);
          return CCR.svg("g", { "data-row": i },
            CCR.svg("title", {}, `${labels[i]}: ${data.headline} ${CCR.number(value)} [${CCR.number(low)}, ${CCR.number(high)}], ${title} ${CCR.short(cost)}`),
            low === null ? null : CCR.svg("path", { class: "line", stroke: CCR.colour(i), opacity: 0.55, d: `M${x} ${py(low)}V${py(high)}` }),
            CCR.svg("circle", { cx: x, cy: py(value), r: 6, fill: CCR.colour(i) }),
            place(x, py(value), labels[i].length > 30 ? `${labels[i].slice(0, 28)}…` : labels[i]));
        }),
      ];
    };
    return CCR.figure(`${data.headline} against ${title}`, 280, draw);
  };
  root.append(CCR.el("div", { class: "charts" }, Object.entries(data.kinds).map(([kind, title]) => chart(kind, title))));
};
