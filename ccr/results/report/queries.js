"use strict";
// Every query with its rank under each row: filtered, sorted, and opened for its pictures.

CCR.render.queries = (root, data, { labels }) => {
  const STEP = 25, several = labels.length > 1;
  const state = { lang: "*", words: "", who: "both", a: data.pair[0], b: data.pair[1], sort: several ? "contrast" : data.pair[0], down: true, shown: STEP };
  const all = Object.entries(data.langs).flatMap(([lang, found]) => found.texts.map((text, i) => ({
    lang, text, i, key: `${lang}:${i}`, english: found.english[i] || "",
    image: found.images[found.owner[i]], ranks: found.ranks.map((row) => row[i]),
    folded: `${text}\n${found.english[i] || ""}\n${found.images[found.owner[i]]}`.toLowerCase(),
  })));

  const list = CCR.el("ul", { class: "queries" }), head = CCR.el("div", { class: "head", role: "group", "aria-label": "Sort by" });
  const told = CCR.el("span", { role: "status" }), more = CCR.el("button", { type: "button", onclick: () => { state.shown += STEP; draw(true); } }, "Show more");
  let opened = new Set();

  const contrast = (query) => Math.log(query.ranks[state.b] / query.ranks[state.a]);
  const found = () => {
    const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = all.filter((query) => (state.lang === "*" || query.lang === state.lang) && words.every((word) => query.folded.includes(word))
      && (!several || state.who === "both" || (state.who === "a" ? query.ranks[state.a] < query.ranks[state.b] : query.ranks[state.b] < query.ranks[state.a])));
    const value = state.sort === "contrast" ? (query) => Math.abs(contrast(query))
      : state.sort === "text" ? null : (query) => query.ranks[state.sort];
    const order = value ? (p, q) => value(q) - value(p) : (p, q) => q.text.localeCompare(p.text, p.lang);
    // what has pictures comes first among equals
    return kept.sort((p, q) => (state.down ? 1 : -1) * order(p, q) || (q.key in data.tops) - (p.key in data.tops) || p.i - q.i);
  };

  const rank = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(1));
  const picture = (image, kind) => image in data.thumbs
    ? CCR.el("img", { src: data.thumbs[image], alt: kind === "mini" ? "" : image, width: 112, height: 112 })
    : CCR.el("span", { class: kind === "mini" ? "mini" : "none" });

  const top = (query, row) => {
    const [run, at, places] = data.tops[query.key]?.[row] || [], images = data.langs[query.lang].images;
    const title = CCR.el("h4", {}, CCR.el("i", { class: "dot", style: `--c:${CCR.colour(row)}` }), ` ${labels[row]} `,
      places ? CCR.el("small", {}, `seed ${data.seeds[row][run]}: the right picture is at ${rank(at)}`) : null);
    if (!places) return CCR.el("div", {}, title, CCR.el("p", { class: "note" }, "The first five of this caption are not in the page."));
    return CCR.el("div", {}, title, CCR.el("ol", { class: "thumbs" }, places.map((place, i) => {
      const right = images[place] === query.image;
      return CCR.el("li", { class: right ? "right" : null }, picture(images[place]),
        CCR.el("span", { class: "id", title: images[place] }, right ? `${i + 1} ✓ right` : `${i + 1}`));
    })));
  };
  const detail = (query) => CCR.el("div", { class: "detail", id: `${root.dataset.section}-${query.key}` },
    (several ? [state.a, state.b] : [state.a]).map((row) => top(query, row)),
    query.image in data.thumbs ? CCR.el("div", {}, CCR.el("h4", {}, "Right picture"), CCR.el("ul", { class: "thumbs" },
      CCR.el("li", { class: "right" }, picture(query.image), CCR.el("span", { class: "id", title: query.image }, query.image)))) : null);


  const entry = (query) => {
    const item = CCR.el("li"), open = opened.has(query.key);
    const wins = several ? Math.sign(contrast(query)) : 0;
    const cells = query.ranks.map((value, row) => CCR.el("span", {
      class: `rank${row === state.a && wins > 0 || row === state.b && wins < 0 ? " wins" : row === state.a && wins < 0 || row === state.b && wins > 0 ? " loses" : ""}`,
    }, CCR.el("span", { class: "name" }, labels[row]), rank(value)));
    const button = CCR.el("button", { type: "button", "aria-expanded": String(open), onclick: () => {
      if (opened.delete(query.key)) { item.querySelector(".detail").remove(); } else { opened.add(query.key); item.append(detail(query)); }
      button.setAttribute("aria-expanded", String(opened.has(query.key)));
    } }, CCR.el("span", { class: "asked" }, picture(query.image, "mini"),
      CCR.el("span", { class: "text" }, CCR.el("span", { class: "tag" }, query.lang), CCR.el("span", { lang: query.lang, dir: "auto" }, query.text)),
      CCR.el("span", { class: "english", lang: data.source, dir: "auto" }, query.english)), cells);
    item.append(button);
    if (open) item.append(detail(query));
    return item;
  };

  const sorter = (key, title, ...name) => CCR.el("button", { type: "button", "aria-pressed": String(state.sort === key), title, onclick: () => {
    state.down = state.sort === key ? !state.down : key === "contrast";
    Object.assign(state, { sort: key, shown: STEP });
    draw();
  } }, ...name, state.sort === key ? (state.down ? " ↓" : " ↑") : "");

  const draw = (same = false) => {
    const rows = found();
    const focus = document.activeElement?.closest(".head") === head ? [...head.children].indexOf(document.activeElement) : -1;
    if (!same) opened = new Set(innerWidth > 704 ? rows.slice(0, 2).filter(({ key }) => key in data.tops).map(({ key }) => key) : []);
    head.replaceChildren(
      several ? sorter("contrast", "Sort by how far the rows A and B are apart", "A against B") : sorter("text", "Sort by text", "Caption"),
      ...labels.map((label, row) => sorter(row, `Sort by the rank under ${label}`, CCR.el("i", { class: "dot", style: `--c:${CCR.colour(row)}` }), ` ${label}`)));
    if (focus >= 0) head.children[focus]?.focus();
    list.replaceChildren(...rows.slice(0, state.shown).map(entry));
    told.textContent = `${Math.min(state.shown, rows.length).toLocaleString("en")} of ${rows.length.toLocaleString("en")} queries`;
    more.hidden = state.shown >= rows.length;
  };
  const set = (name, to = (value) => value) => (value) => { state[name] = to(value); state.shown = STEP; draw(); };

  const names = labels.map((label, row) => [row, label]);
  root.style.setProperty("--rows", labels.length);
  root.append(CCR.el("div", { class: "controls" },
    several ? [CCR.select("Row A", names, state.a, set("a", Number)), CCR.select("against row B", names, state.b, set("b", Number)),
      CCR.select("Show", [["both", "all captions"], ["a", "where A is better"], ["b", "where B is better"]], "both", set("who"))] : null,
    CCR.select("Language", [["*", "all"], ...Object.keys(data.langs).map((lang) => [lang, CCR.language(lang)])], "*", set("lang")),
    CCR.el("label", { class: "grow" }, "Search in captions", CCR.el("input", { type: "search", dir: "auto", oninput: (event) => set("words")(event.target.value) }))),
  head, list, CCR.el("div", { class: "more" }, more, told));
  draw();
};
