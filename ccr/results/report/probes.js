"use strict";
// Gain over the baseline against the distance of a caption's style: a chart per row.

CCR.render.gains = (root, data, { labels }) => {
  const chart = ({ row, points, slope }) => {
    const draw = (width, height) => {
      if (!points.length) return [CCR.text(width / 2, height / 2, "too few captions of each style")];
      const box = { left: 40, right: width - 14, top: 14, bottom: height - 38 };
      const xs = points.map((p) => p[2]), ys = points.flatMap((p) => [p[4], p[5], 0]);
      const room = (Math.max(...xs) - Math.min(...xs)) * 0.06 || 0.05;
      const across = [Math.min(...xs) - room, Math.max(...xs) + room], span = [Math.min(...ys), Math.max(...ys)];
      const px = CCR.scale(across, [box.left, box.right]), py = CCR.scale(span, [box.bottom, box.top]);
      return [
        CCR.ticks(...span).map((t) => [CCR.line(box.left, py(t), box.right, py(t)), CCR.text(box.left - 7, py(t) + 4, CCR.short(t), { anchor: "end" })]),
        CCR.ticks(...across, Math.max(2, Math.floor(width / 110))).map((t) => CCR.text(px(t), box.bottom + 17, CCR.short(t))),
        CCR.text((box.left + box.right) / 2, height - 4, "distance of the style to the training captions"),
        points.map(([lang, style, distance, value, low, high, count]) => CCR.svg("g", { "data-row": row },
          CCR.svg("title", {}, `${CCR.language(lang)}, ${style}: ${CCR.number(value)} [${CCR.number(low)}, ${CCR.number(high)}], ${count} captions`),
          CCR.svg("path", { class: "line", stroke: CCR.colour(row), opacity: 0.4, d: `M${px(distance)} ${py(low)}V${py(high)}` }),
          CCR.svg("circle", { cx: px(distance), cy: py(value), r: 4.5, fill: CCR.colour(row) }))),
      ];
    };
    const told = slope ? `; slope ${CCR.number(slope[0], 2)} [${CCR.number(slope[1], 2)}, ${CCR.number(slope[2], 2)}] points per 0.1` : "";
    return CCR.figure(`${labels[row]}${told}`, 280, draw, `Gain of ${labels[row]} by style distance`);
  };
  root.append(CCR.el("div", { class: "charts" }, data.map(chart)));
};
