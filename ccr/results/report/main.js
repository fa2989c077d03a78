"use strict";
{
  const { chapters, sections } = JSON.parse(document.getElementById("data").textContent);
  for (const { id, kind, chapter, data } of sections) {
    CCR.render[kind](document.querySelector(`[data-section="${id}"]`), data, chapters[chapter]);
  }
  // a legend hides and shows its rows in all charts of its chapter
  for (const place of document.querySelectorAll("[data-legend]")) {
    const { labels } = chapters[place.dataset.legend], article = place.closest("article"), style = CCR.el("style");
    const hidden = new Set(), name = `chapter-${place.dataset.legend}`;
    article.id = name;
    place.append(style, ...labels.map((label, row) => CCR.el("button", { type: "button", "aria-pressed": "true", onclick: (event) => {
      if (!hidden.delete(row)) hidden.add(row);
      event.currentTarget.setAttribute("aria-pressed", String(!hidden.has(row)));
      style.textContent = [...hidden].map((one) => `#${name} svg [data-row="${one}"] { display: none; }`).join("");
    } }, CCR.el("i", { class: "dot", style: `--c:${CCR.colour(row)}` }), label)));
  }
}
