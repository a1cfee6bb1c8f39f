"use strict";
// The explorer: a canvas of points (WebGL where there is one), between one for the edges of a small graph and one for
// names and the chosen node.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);

  // --- what was packed -------------------------------------------------------------------------------
  const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
  function unpack(text, type) {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    if (!little) {
      const size = type.BYTES_PER_ELEMENT;
      for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
    }
    return new type(bytes.buffer);
  }
  const { n, k, names } = data;
  const xy = Float32Array.from(unpack(data.points, Uint16Array), (v) => v / 65535 - 0.5);
  const near = unpack(data.near, Uint32Array), cosines = unpack(data.cosines, Int16Array);
  const degrees = data.degrees && unpack(data.degrees, Uint32Array);
  const edges = data.edges && unpack(data.edges, Uint32Array);
  const linked = data.linked && unpack(data.linked, Uint8Array);
  const named = unpack(data.named, Uint32Array);
  const kinds = data.kinds && { ...data.kinds, of: unpack(data.kinds.of, Int32Array) };
  const values = data.values && unpack(data.values, Float32Array);
  const lower = [];  // filled at the first search

  // --- colours ---------------------------------------------------------------------------------------
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const css = (c) => `rgb(${c.map(Math.round).join(",")})`;
  const mix = (a, b, share) => a.map((v, i) => v + (b[i] - v) * share);
  const scale = data.scale.map(rgb);
  let low = Infinity, high = -Infinity;
  if (values) for (const v of values) if (!Number.isNaN(v)) { low = Math.min(low, v); high = Math.max(high, v); }
  let dark = matchMedia("(prefers-color-scheme: dark)").matches;
  let alone = null;  // the kind that is shown alone; -1 is "none", -2 the others

  // Dark colours would drown on dark paper.
  const shown = (c) => dark && 0.21 * c[0] + 0.72 * c[1] + 0.07 * c[2] < 95 ? mix(c, [255, 255, 255], 0.4) : c;
  const grey = () => (dark ? [98, 104, 115] : rgb(data.grey));
  function colourOf(i) {
    if (kinds) return kinds.of[i] >= 0 && kinds.of[i] < kinds.colours.length ? shown(rgb(kinds.colours[kinds.of[i]])) : grey();
    if (values) return Number.isNaN(values[i]) ? grey() : shown(onScale(high > low ? (values[i] - low) / (high - low) : 0.5));
    return shown(rgb(data.plain));
  }
  function onScale(t) {
    const at = t * (scale.length - 1), i = Math.min(Math.floor(at), scale.length - 2);
    return mix(scale[i], scale[i + 1], at - i);
  }
  const group = (i) => (!kinds ? 0 : kinds.of[i] >= kinds.colours.length ? -2 : kinds.of[i]);
  const faded = (i) => alone !== null && group(i) !== alone;
  const colours = new Uint8Array(4 * n);
  function paint() {
    const table = new Map();
    for (let i = 0; i < n; i++) {
      const key = kinds ? group(i) : values ? Math.round(255 * (values[i] - low) / (high - low)) : 0;
      let c = table.get(key);
      if (!c) table.set(key, (c = colourOf(i)));
      colours.set([c[0], c[1], c[2], faded(i) ? 18 : n > 2000 ? 190 : 235], 4 * i);
    }
    dots.recolour();
    redraw();
  }

  // --- where things are on the screen ----------------------------------------------------------------
  const map = byId("map"), over = byId("over"), pen = over.getContext("2d"), lines = byId("lines"), thread = lines.getContext("2d");
  let width = 1, height = 1, ratio = 1;
  const view = { x: 0, y: 0, zoom: 1 };  // the middle of the screen, and pixels per unit in units of "all"
  const unit = () => 0.92 * Math.min(width, height) * view.zoom;
  const toX = (x) => width / 2 + (x - view.x) * unit(), toY = (y) => height / 2 - (y - view.y) * unit();
  const screenX = (i) => toX(xy[2 * i]), screenY = (i) => toY(xy[2 * i + 1]);
  const size = () => Math.min(14, Math.min(9, Math.max(2.2, 60 / Math.sqrt(n) * 1.6)) * Math.pow(view.zoom, 0.3));

  // The others stand in an order without meaning: drawn kind by kind, the last kind would hide the others.
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1, seed = 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = Math.floor(seed / 4294967296 * (i + 1)), kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }

  // --- points: WebGL, or a plain canvas --------------------------------------------------------------
  function glDots(canvas) {
    const gl = canvas.getContext("webgl", { antialias: false, alpha: true, premultipliedAlpha: true });
    if (!gl) return null;
    let place, zoom, diameter, colourBuffer;
    function setUp() {
      const program = gl.createProgram();
      for (const [type, source] of [
        [gl.VERTEX_SHADER, "attribute vec2 p; attribute vec4 c; uniform vec2 o; uniform vec2 z; uniform mediump float d; varying vec4 v;" +
          "void main() { gl_Position = vec4((p - o) * z, 0., 1.); gl_PointSize = d; v = c; }"],
        [gl.FRAGMENT_SHADER, "precision mediump float; varying vec4 v; uniform mediump float d;" +
          "void main() { float a = clamp((.5 - length(gl_PointCoord - .5)) * d + .5, 0., 1.) * v.a; gl_FragColor = vec4(v.rgb * a, a); }"]]) {
        const shader = gl.createShader(type);
        gl.shaderSource(shader, source);
        gl.compileShader(shader);
        gl.attachShader(program, shader);
      }
      gl.bindAttribLocation(program, 0, "p");
      gl.bindAttribLocation(program, 1, "c");
      gl.linkProgram(program);
      if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
      gl.useProgram(program);
      place = gl.getUniformLocation(program, "o");
      zoom = gl.getUniformLocation(program, "z");
      diameter = gl.getUniformLocation(program, "d");
      const shuffled = new Float32Array(2 * n);
      for (let i = 0; i < n; i++) shuffled.set([xy[2 * order[i]], xy[2 * order[i] + 1]], 2 * i);
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, shuffled, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(0);
      gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
      colourBuffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, colourBuffer);
      gl.enableVertexAttribArray(1);
      gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.clearColor(0, 0, 0, 0);
    }
    function recolour() {
      const shuffled = new Uint8Array(4 * n), from = new Uint32Array(colours.buffer), to = new Uint32Array(shuffled.buffer);
      for (let i = 0; i < n; i++) to[i] = from[order[i]];
      gl.bufferData(gl.ARRAY_BUFFER, shuffled, gl.DYNAMIC_DRAW);
    }
    setUp();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => { setUp(); recolour(); redraw(); });
    return {
      kind: "webgl", recolour,
      draw() {
        gl.viewport(0, 0, canvas.width, canvas.height);
        gl.clear(gl.COLOR_BUFFER_BIT);
        gl.uniform2f(place, view.x, view.y);
        gl.uniform2f(zoom, 2 * unit() / width, 2 * unit() / height);
        gl.uniform1f(diameter, size() * ratio);
        gl.drawArrays(gl.POINTS, 0, n);
      },
    };
  }
  function plainDots(canvas) {
    const brush = canvas.getContext("2d");
    return {
      kind: "canvas", recolour() {},
      draw() {
        brush.setTransform(ratio, 0, 0, ratio, 0, 0);
        brush.clearRect(0, 0, width, height);
        const side = size() * 0.9;
        let last = -1;
        for (const i of order) {
          const x = screenX(i), y = screenY(i);
          if (x < -side || y < -side || x > width + side || y > height + side) continue;
          const c = 4 * i, key = (colours[c] << 24 | colours[c + 1] << 16 | colours[c + 2] << 8 | colours[c + 3]) >>> 0;
          if (key !== last) brush.fillStyle = `rgba(${colours[c]},${colours[c + 1]},${colours[c + 2]},${colours[c + 3] / 255})`;
          last = key;
          brush.fillRect(x - side / 2, y - side / 2, side, side);
        }
      },
    };
  }
  const dots = glDots(byId("dots")) || plainDots(byId("dots"));
  document.documentElement.dataset.renderer = dots.kind;

  // --- a grid over the plane: who is near a place ----------------------------------------------------
  const cells = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(n / 2))));
  const cellOf = (v) => Math.min(cells - 1, Math.max(0, Math.floor((v + 0.5) * cells)));
  const first = new Uint32Array(cells * cells + 1), inCell = new Uint32Array(n);
  for (let i = 0; i < n; i++) first[cellOf(xy[2 * i + 1]) * cells + cellOf(xy[2 * i]) + 1]++;
  for (let c = 0; c < cells * cells; c++) first[c + 1] += first[c];
  for (let i = 0, next = first.slice(); i < n; i++) inCell[next[cellOf(xy[2 * i + 1]) * cells + cellOf(xy[2 * i])]++] = i;

  // Calls visit(i) for the nodes of the cells that a rectangle of the screen touches, until it returns true.
  function within(left, top, right, bottom, visit) {
    const u = unit(), x = (v) => view.x + (v - width / 2) / u, y = (v) => view.y - (v - height / 2) / u;
    for (let row = cellOf(y(bottom)); row <= cellOf(y(top)); row++) {
      const from = first[row * cells + cellOf(x(left))], to = first[row * cells + cellOf(x(right)) + 1];
      for (let at = from; at < to; at++) if (visit(inCell[at])) return;
    }
  }
  function nodeAt(x, y) {
    const reach = Math.max(8, size() / 2 + 3);
    let best = -1, closest = reach * reach;
    within(x - reach, y - reach, x + reach, y + reach, (i) => {
      const d = (screenX(i) - x) ** 2 + (screenY(i) - y) ** 2;
      if (d < closest && !faded(i)) { closest = d; best = i; }
    });
    return best;
  }

  // --- drawing ---------------------------------------------------------------------------------------
  let chosen = -1, under = -1, waiting = false;
  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawEdges(); dots.draw(); drawOver(); });
  }
  function drawEdges() {
    if (!edges) return;
    thread.setTransform(ratio, 0, 0, ratio, 0, 0);
    thread.clearRect(0, 0, width, height);
    thread.strokeStyle = dark ? "#8a93a3" : "#808894";
    thread.globalAlpha = Math.min(0.45, Math.max(0.05, 120 / (edges.length + 1)));
    thread.lineWidth = 0.8;
    for (let e = 0; e < edges.length; e += 2) {
      thread.beginPath();
      thread.moveTo(screenX(edges[e]), screenY(edges[e]));
      thread.lineTo(screenX(edges[e + 1]), screenY(edges[e + 1]));
      thread.stroke();
    }
  }
  function drawOver() {
    const style = getComputedStyle(document.documentElement), ink = style.getPropertyValue("--ink");
    const paper = style.getPropertyValue("--paper"), accent = style.getPropertyValue("--accent");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const r = size() / 2, mine = [];
    if (chosen >= 0) {
      for (let j = 0; j < k; j++) mine.push(near[chosen * k + j]);
      pen.strokeStyle = accent;
      for (let j = 0; j < k; j++) {
        pen.globalAlpha = linked && !linked[chosen * k + j] ? 0.45 : 0.95;
        pen.setLineDash(linked && !linked[chosen * k + j] ? [4, 4] : []);
        pen.beginPath();
        pen.moveTo(screenX(chosen), screenY(chosen));
        pen.lineTo(screenX(mine[j]), screenY(mine[j]));
        pen.stroke();
      }
      pen.setLineDash([]);
      pen.globalAlpha = 1;
      for (const i of mine) ring(i, r + 2, 1.5, ink);
      ring(chosen, r + 4, 3, accent);
    }
    if (under >= 0) ring(under, r + 3, 2, ink);
    writeNames(mine, ink, paper);
  }
  function ring(i, radius, thick, colour) {
    pen.fillStyle = css(colourOf(i));
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.beginPath();
    pen.arc(screenX(i), screenY(i), radius, 0, 7);
    pen.fill();
    pen.stroke();
    pen.lineWidth = 1;
  }
  const short = (text) => (text.length > 32 ? text.slice(0, 31) + "…" : text);
  function writeNames(mine, ink, paper) {
    const few = [];  // where few nodes are in view, each may have its name
    within(0, 0, width, height, (i) => few.push(i) > 150);
    const wanted = [...(chosen >= 0 ? [chosen] : []), ...mine, ...named, ...(few.length <= 150 ? few : [])];
    const taken = [], done = new Set(), r = size() / 2 + 4, most = Math.round(width * height / 16000);
    const own = new Set([chosen, ...mine]);
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 3.5;
    pen.strokeStyle = paper;
    pen.fillStyle = ink;
    for (const i of wanted) {
      if (taken.length >= most) break;
      const x = screenX(i), y = screenY(i);
      if (done.has(i) || faded(i) && !own.has(i) || x < 0 || y < 0 || x > width || y > height) continue;
      done.add(i);
      const text = short(names[i]);
      pen.font = `${i === chosen ? "bold " : ""}12px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif`;
      const wide = pen.measureText(text).width;
      for (const left of [x + r, x - r - wide]) {
        const box = [left - 2, y - 8, left + wide + 2, y + 8];
        if (box[0] < 0 || box[2] > width || taken.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3])) continue;
        taken.push(box);
        pen.strokeText(text, left, y);
        pen.fillText(text, left, y);
        break;
      }
    }
  }
  function resize() {
    ratio = window.devicePixelRatio || 1;
    width = map.clientWidth;
    height = map.clientHeight;
    for (const canvas of [byId("dots"), over, lines]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    redraw();
  }

  // --- one node --------------------------------------------------------------------------------------
  const number = (v) => (Number.isInteger(v) ? v.toLocaleString("en") : String(Number(v.toPrecision(5))));
  function labelOf(i) {
    if (kinds) return kinds.of[i] < 0 ? "" : kinds.texts[kinds.of[i]];
    return values && !Number.isNaN(values[i]) ? number(values[i]) : "";
  }
  const factsOf = (i) => [labelOf(i), degrees ? `${number(degrees[i])} neighbour${degrees[i] === 1 ? "" : "s"}` : ""]
    .filter(Boolean).join(", ");
  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;  // never markup
    return made;
  }
  function dot(colour) {
    const made = element("i", "dot");
    made.style.background = colour;
    return made;
  }
  function choose(i, centre) {
    chosen = i;
    byId("chosen").hidden = i < 0;
    const hash = i < 0 ? "" : `#node=${encodeURIComponent(names[i])}`;
    try { history.replaceState(null, "", hash || location.pathname + location.search); } catch { /* a sandboxed frame */ }
    if (i >= 0) {
      byId("name").textContent = names[i];
      byId("facts").textContent = factsOf(i);
      byId("near").replaceChildren(...Array.from({ length: k }, (_, j) => {
        const other = near[i * k + j], item = element("li"), button = element("button");
        button.append(dot(css(colourOf(other))), element("span", "", names[other]));
        if (linked && linked[i * k + j]) button.append(element("span", "linked", "linked"));
        button.append(element("span", "cosine", (cosines[i * k + j] / 32767).toFixed(2)));
        button.addEventListener("click", () => choose(other, true));
        button.addEventListener("pointerenter", () => { under = other; redraw(); });
        button.addEventListener("pointerleave", () => { under = -1; redraw(); });
        item.append(button);
        return item;
      }));
      const x = screenX(i), y = screenY(i);
      if (centre && !(x > 40 && y > 40 && x < width - 40 && y < height - 40)) {
        view.x = xy[2 * i];
        view.y = xy[2 * i + 1];
      }
    }
    redraw();
  }

  // --- search ----------------------------------------------------------------------------------------
  const search = byId("search"), results = byId("results");
  let found = [], at = 0;
  function find(text) {
    if (!lower.length) for (const name of names) lower.push(name.toLowerCase());
    const sought = text.toLowerCase(), ranks = [[], [], []];
    for (let i = 0; i < n; i++) {
      const where = lower[i].indexOf(sought);
      if (where < 0) continue;
      const rank = lower[i].length === sought.length ? 0 : where === 0 ? 1 : 2;
      if (ranks[rank].length < 50) ranks[rank].push(i);
    }
    return ranks.flat().slice(0, 50);
  }
  function showResults() {
    const text = search.value.trim();
    found = text ? find(text) : [];
    at = 0;
    results.hidden = !text;
    search.setAttribute("aria-expanded", String(!results.hidden));
    results.replaceChildren(...found.map((i, j) => {
      const item = element("li", j === at ? "at" : "", names[i]);
      item.id = `found-${j}`;
      item.setAttribute("role", "option");
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(j); });
      return item;
    }));
    if (text && !found.length) results.append(element("li", "none", "no node of that name"));
  }
  function take(j) {
    if (!(j in found)) return;
    const i = found[j];
    search.value = "";
    showResults();
    map.focus();
    choose(i, true);
  }
  search.addEventListener("input", showResults);
  search.addEventListener("blur", () => { results.hidden = true; });
  search.addEventListener("focus", () => { if (search.value.trim()) showResults(); });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") take(at);
    else if (event.key === "Escape") { search.value = ""; showResults(); map.focus(); }
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
      event.preventDefault();
      results.children[at].className = "";
      at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
      results.children[at].className = "at";
      results.children[at].scrollIntoView({ block: "nearest" });
      search.setAttribute("aria-activedescendant", `found-${at}`);
    }
    event.stopPropagation();
  });

  // --- moving ----------------------------------------------------------------------------------------
  function zoomBy(factor, x = width / 2, y = height / 2) {
    const before = unit();
    view.zoom = Math.min(400, Math.max(0.4, view.zoom * factor));
    const after = unit();  // what is under (x, y) stays there
    view.x += (x - width / 2) * (1 / before - 1 / after);
    view.y -= (y - height / 2) * (1 / before - 1 / after);
    redraw();
  }
  function moveBy(dx, dy) {
    view.x = Math.min(0.7, Math.max(-0.7, view.x - dx / unit()));
    view.y = Math.min(0.7, Math.max(-0.7, view.y + dy / unit()));
    redraw();
  }
  function fit() {
    view.x = view.y = 0;
    view.zoom = 1;
    redraw();
  }
  const tip = byId("tip");
  function point(x, y) {
    const i = nodeAt(x, y);
    map.classList.toggle("over", i >= 0);
    tip.hidden = i < 0;
    if (i >= 0) {
      tip.replaceChildren(element("span", "", names[i]), element("br"), element("small", "", factsOf(i)));
      tip.style.left = `${Math.min(x + 14, Math.max(0, width - tip.offsetWidth - 6))}px`;
      tip.style.top = `${y + 18 + tip.offsetHeight > height ? y - tip.offsetHeight - 10 : y + 18}px`;
    }
    if (i !== under) { under = i; redraw(); }
  }
  const local = (event) => { const box = map.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const fingers = new Map();
  let travelled = 0;
  map.addEventListener("pointerdown", (event) => {
    if (event.target.closest("button")) return;
    map.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, local(event));
    travelled = 0;
  });
  map.addEventListener("pointermove", (event) => {
    const [x, y] = local(event), from = fingers.get(event.pointerId);
    if (!from) { if (!event.target.closest("button")) point(x, y); return; }
    travelled += Math.abs(x - from[0]) + Math.abs(y - from[1]);
    if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, where]) => where);
      const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
      zoomBy(apart([x, y]) / Math.max(1, apart(from)), (x + other[0]) / 2, (y + other[1]) / 2);
    }
    fingers.set(event.pointerId, [x, y]);
    moveBy((x - from[0]) / fingers.size, (y - from[1]) / fingers.size);
    if (travelled > 4) { map.classList.add("moving"); tip.hidden = true; }
  });
  const lift = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    map.classList.remove("moving");
    if (event.type === "pointerup" && travelled <= 4) choose(nodeAt(...local(event)), false);
  };
  map.addEventListener("pointerup", lift);
  map.addEventListener("pointercancel", lift);
  map.addEventListener("pointerleave", () => { tip.hidden = true; if (under >= 0) { under = -1; redraw(); } });
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    zoomBy(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * 0.0018), ...local(event));
  }, { passive: false });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      "/": () => search.focus(), "+": () => zoomBy(1.4), "=": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4), 0: fit,
      Escape: () => { choose(-1); if (alone !== null) isolate(alone); },
      ArrowLeft: () => moveBy(80, 0), ArrowRight: () => moveBy(-80, 0),
      ArrowUp: () => moveBy(0, 80), ArrowDown: () => moveBy(0, -80),
    };
    if (event.key.startsWith("Arrow") && event.target !== map && event.target !== document.body) return;  // the panel scrolls
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  byId("in").addEventListener("click", () => zoomBy(1.4));
  byId("out").addEventListener("click", () => zoomBy(1 / 1.4));
  byId("fit").addEventListener("click", fit);
  byId("dark").addEventListener("click", () => { dark = !dark; dress(); });

  // --- legend ----------------------------------------------------------------------------------------
  function isolate(which) {
    alone = alone === which ? null : which;
    dress();
  }
  function legend() {
    const box = byId("legend");
    box.hidden = !(kinds || values);
    if (values) {
      const bar = element("div"), ends = element("div");
      bar.id = "bar";
      ends.id = "ends";
      bar.style.background = `linear-gradient(to right, ${scale.map((c) => css(shown(c))).join(", ")})`;
      ends.append(element("span", "", number(low)), element("span", "", number(high)));
      box.replaceChildren(element("h3", "", "Colour"), bar, ends);
    } else if (kinds) {
      const entries = kinds.colours.map((colour, i) => [i, kinds.texts[i], css(shown(rgb(colour))), kinds.counts[i]]);
      const rest = kinds.counts.slice(kinds.colours.length), none = kinds.of.reduce((sum, kind) => sum + (kind < 0), 0);
      if (rest.length) entries.push([-2, `${rest.length} others`, css(grey()), rest.reduce((a, b) => a + b, 0)]);
      if (none) entries.push([-1, "none", css(grey()), none]);
      box.replaceChildren(element("h3", "", "Colour: click one to see it alone"), ...entries.map(([which, text, colour, count]) => {
        const button = element("button");
        button.setAttribute("aria-pressed", String(alone === which));
        button.append(dot(colour), element("span", "", text), element("span", "count", number(count)));
        button.addEventListener("click", () => isolate(which));
        return button;
      }));
    }
  }
  function dress() {
    document.documentElement.classList.toggle("dark", dark);
    const focused = [...byId("legend").querySelectorAll("button")].indexOf(document.activeElement);
    legend();
    if (focused >= 0) byId("legend").querySelectorAll("button")[focused].focus();
    paint();
    if (chosen >= 0) choose(chosen, false);
  }

  // --- go --------------------------------------------------------------------------------------------
  function fromAddress() {
    const wanted = /^#node=(.*)$/.exec(location.hash);
    let name;
    try { name = wanted && decodeURIComponent(wanted[1]); } catch { return; }
    const i = name === null || name === undefined ? -1 : names.indexOf(name);
    if (i >= 0 && i !== chosen) choose(i, true);
  }
  byId("title").textContent = data.title;
  byId("subtitle").textContent = data.subtitle === data.title ? "" : data.subtitle;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => { dark = event.matches; dress(); });
  addEventListener("hashchange", fromAddress);
  new ResizeObserver(resize).observe(map);
  resize();
  dress();
  fromAddress();
  document.documentElement.dataset.ready = "yes";
})();
