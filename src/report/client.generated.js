// Made from client/ by "deno task report-client". Sources: 6ad85a61b30a5840cb8ae438b1c5cbe015e4f6cb888830a74b723fc15790096d
// deno-lint-ignore-file
// src/report/client/dom.ts
function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`Cannot find #${id} in the page`);
  return element;
}
function all(selector, root = document) {
  return [
    ...root.querySelectorAll(selector),
  ];
}

// src/report/client/paint.ts
var HEAT = [
  [
    0,
    0,
    0,
  ],
  [
    44,
    22,
    92,
  ],
  [
    148,
    38,
    104,
  ],
  [
    231,
    105,
    52,
  ],
  [
    253,
    214,
    112,
  ],
  [
    255,
    255,
    240,
  ],
];
var OPAQUE = 4278190080;
var LEVELS = 65536;
function greys(low, high, step) {
  return table((value) => {
    const grey = Math.round(255 * unit((value - low) / (high - low)));
    return [
      grey,
      grey,
      grey,
    ];
  }, step);
}
function heats(most, step) {
  return table((value) => heat(unit(value / most)), step);
}
function heatGradient() {
  return `linear-gradient(to right, ${HEAT.map((rgb) => `rgb(${rgb.join(" ")})`).join(", ")})`;
}
function heat(part) {
  const at = part * (HEAT.length - 1), below = Math.min(Math.floor(at), HEAT.length - 2);
  return HEAT[below].map((from, i) =>
    Math.round(from + (at - below) * (HEAT[below + 1][i] - from))
  );
}
function table(colour, step) {
  const colours = new Uint32Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const [red, green, blue] = colour(level * step);
    colours[level] = OPAQUE | blue << 16 | green << 8 | red;
  }
  return colours;
}
var unit = (value) => Math.min(1, Math.max(0, value));
function difference(a, b) {
  return a.map((level, i) => Math.abs(level - b[i]));
}
var painted = /* @__PURE__ */ new WeakMap();
function paint(canvas, { levels, rows, columns }, colours, part) {
  const held = painted.get(canvas),
    wanted = [
      levels,
      colours,
      part,
    ];
  if (held !== void 0 && wanted.every((value, i) => value === held[i])) return;
  painted.set(canvas, wanted);
  const region = part ?? {
    row: 0,
    column: 0,
    rows,
    columns,
  };
  if (canvas.width !== region.columns) canvas.width = region.columns;
  if (canvas.height !== region.rows) canvas.height = region.rows;
  const context = canvas.getContext("2d", {
    willReadFrequently: true,
  });
  if (context === null) return;
  const image = context.createImageData(region.columns, region.rows);
  const pixels2 = new Uint32Array(image.data.buffer);
  for (let row = 0, to = 0; row < region.rows; row++) {
    let from = (region.row + row) * columns + region.column;
    for (let column = 0; column < region.columns; column++) pixels2[to++] = colours[levels[from++]];
  }
  context.putImageData(image, 0, 0);
}
function clear(canvas) {
  canvas.width = canvas.height = 0;
  painted.delete(canvas);
}

// src/report/client/view.ts
var View = class {
  #store;
  #pixels;
  /** Error maps by their images. */
  #errors = /* @__PURE__ */ new WeakMap();
  #greys = {
    key: "",
    colours: new Uint32Array(),
  };
  #heats = {
    key: "",
    colours: new Uint32Array(),
  };
  constructor(store2, pixels2) {
    this.#store = store2;
    this.#pixels = pixels2;
  }
  /** The picture of a panel; undefined while it loads, or where there is none. */
  picture(source, kind) {
    const { rows, columns } = this.#store.input;
    const levels = kind === "error"
      ? this.#error(source)
      : this.#levels(source, kind === "std" ? "std" : "recon");
    return levels && {
      levels,
      rows,
      columns,
    };
  }
  #error(source) {
    const image = this.#levels(source, "recon"), reference = this.#levels("reference", "recon");
    if (image === void 0 || reference === void 0) return void 0;
    const known = this.#errors.get(image);
    if (known !== void 0) return known;
    const error = difference(image, reference);
    this.#errors.set(image, error);
    return error;
  }
  #levels(source, kind) {
    const { input: input2, slice: slice2 } = this.#store.state, { columns } = this.#store.input;
    if (source !== "reference") return this.#pixels.get(kind, source, slice2, columns);
    return kind === "std" ? void 0 : this.#pixels.get("reference", input2, slice2, columns);
  }
  /** Colours of a kind of panel. */
  colours(kind) {
    const { state: { low, high, errorScale }, data: { step } } = this.#store;
    if (kind === "error" || kind === "std") {
      const key2 = `${errorScale}`;
      if (this.#heats.key !== key2) {
        this.#heats = {
          key: key2,
          colours: heats(errorScale, step),
        };
      }
      return this.#heats.colours;
    }
    const key = `${low} ${high}`;
    if (this.#greys.key !== key) {
      this.#greys = {
        key,
        colours: greys(low, high, step),
      };
    }
    return this.#greys.colours;
  }
};
function percent(value) {
  return String(Number((100 * value).toPrecision(3)));
}

// src/report/client/figures.ts
function bindFigures(store2, pixels2, view2) {
  const figures = byId("figures");
  const grids = all(".grid", figures).map((element) => ({
    element,
    panels: panelsOf(element),
  }));
  let painted2 = "";
  byId("bar").style.background = heatGradient();
  store2.subscribe((state) => {
    const { panels, flicker: _flicker, divider: _divider, ...rest } = state;
    const wanted = JSON.stringify([
      ...panels,
      rest,
      pixels2.count,
    ]);
    if (wanted !== painted2) {
      for (const grid of grids) showGrid(grid, store2, view2);
      byId("status").textContent = caption(store2);
      painted2 = wanted;
    }
    figures.setAttribute("aria-busy", String(pixels2.busy));
  });
}
function panelsOf(grid) {
  return all(".panel", grid).map((element) => {
    const run = element.closest("figure").dataset.run;
    return {
      element,
      kind: element.dataset.kind,
      source: run === "reference" ? run : Number(run),
      canvas: element.querySelector("canvas"),
      region: element.querySelector(".region"),
    };
  });
}
function showGrid({ element, panels }, store2, view2) {
  const { state } = store2;
  const shown = element.dataset.input === `${state.input}` &&
    element.dataset.mask === `${state.mask}`;
  if (!shown && !element.hidden) panels.forEach(({ canvas }) => clear(canvas));
  element.hidden = !shown;
  if (!shown) return;
  for (const panel of panels) {
    panel.element.hidden = !state.panels.has(panel.kind);
    if (!panel.element.hidden) paintPanel(panel, store2, view2);
  }
}
function paintPanel({ kind, source, canvas, region }, store2, view2) {
  const { state } = store2;
  const picture = view2.picture(source, kind);
  if (picture === void 0) return;
  paint(canvas, picture, view2.colours(kind), kind === "zoom" ? state.region : void 0);
  if (region !== null) placeRegion(region, state, store2);
}
function placeRegion(element, { panels, region }, { input: input2 }) {
  element.hidden = !panels.has("zoom");
  const part = (value, whole) => `${100 * value / whole}%`;
  element.style.left = part(region.column, input2.columns);
  element.style.top = part(region.row, input2.rows);
  element.style.width = part(region.columns, input2.columns);
  element.style.height = part(region.rows, input2.rows);
}
function caption({ state, input: input2, data }) {
  const { low, high, errorScale, slice: slice2, mask: mask2, panels } = state;
  if (input2.slices.length === 0) return `There is no picture of ${input2.name}.`;
  const heated = [
    ...panels.has("error") && input2.reference
      ? [
        "errors",
      ]
      : [],
    ...panels.has("std") && data.runs.some(({ std }) => std)
      ? [
        "deviations",
      ]
      : [],
  ].join(" and ");
  const whole = input2.reference
    ? "the reference\u2019s maximum"
    : "the first image\u2019s maximum";
  return `Slice ${input2.slices[slice2]} of ${input2.name}, ${data.masks[mask2]}. Window ${
    percent(low)
  } to ${percent(high)} % of ${whole}` +
    (heated === "" ? "." : `; ${heated} from 0 to ${percent(errorScale)} %.`);
}

// src/report/client/state.ts
var CENTRE = [
  0.42,
  0.5,
];
var FIRST_REGION = 0.3;
var SMALLEST = 8;
function firstState(data) {
  const { inputs: [input2], errorScale } = data;
  return {
    input: 0,
    mask: 0,
    slice: middle(input2),
    low: 0,
    high: input2.white,
    errorScale,
    panels: /* @__PURE__ */ new Set([
      "image",
      "zoom",
      "error",
      "std",
    ]),
    drag: "window",
    region: regionOf(input2, ...CENTRE, FIRST_REGION),
    a: "",
    b: "",
    view: "image",
    regionOnly: false,
    divider: 0.5,
    flicker: null,
  };
}
function middle({ slices }) {
  return Math.floor(slices.length / 2);
}
function regionOf({ rows, columns }, centreRow, centreColumn, part) {
  const least = Math.min(1, SMALLEST / Math.min(rows, columns));
  const size = Math.min(1, Math.max(least, part));
  const high = Math.round(size * rows), wide = Math.round(size * columns);
  return {
    row: clamp(Math.round(centreRow * rows - high / 2), 0, rows - high),
    column: clamp(Math.round(centreColumn * columns - wide / 2), 0, columns - wide),
    rows: high,
    columns: wide,
  };
}
function changedRegion(
  input2,
  { row, column, rows, columns },
  { down = 0, right = 0, factor = 1 },
) {
  const moved = (by, size) => Math.sign(by) * Math.max(1, Math.abs(by) * size);
  return regionOf(
    input2,
    (row + rows / 2 + (down && moved(down, rows))) / input2.rows,
    (column + columns / 2 + (right && moved(right, columns))) / input2.columns,
    factor * Math.max(rows / input2.rows, columns / input2.columns),
  );
}
function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
var Store = class {
  data;
  #state;
  #waiting = false;
  #listeners = [];
  constructor(data) {
    this.data = data;
    this.#state = firstState(data);
  }
  /** The state now. */
  get state() {
    return this.#state;
  }
  /** The input that is shown. */
  get input() {
    return this.data.inputs[this.#state.input];
  }
  /** Changes some of the state. */
  update(changes) {
    this.#state = {
      ...this.#state,
      ...changes,
    };
    this.refresh();
  }
  /** Chooses an input, a mask or a slice; what does not exist is left as it is. */
  choose(
    {
      input: input2 = this.state.input,
      mask: mask2 = this.state.mask,
      slice: slice2 = this.state.slice,
    },
  ) {
    const { inputs, masks } = this.data;
    if (inputs[input2] === void 0 || masks[mask2] === void 0) return;
    if (input2 !== this.state.input) {
      const other = inputs[input2];
      const region = regionOf(other, ...CENTRE, FIRST_REGION);
      this.update({
        input: input2,
        mask: mask2,
        slice: middle(other),
        high: other.white,
        low: 0,
        region,
      });
    } else if (slice2 >= 0 && slice2 < inputs[input2].slices.length) {
      this.update({
        mask: mask2,
        slice: slice2,
      });
    }
  }
  /** Sets the window by its middle and its width, which stays positive. */
  setWindow(level, width) {
    const half = Math.max(width, 2e-3) / 2;
    this.update({
      low: level - half,
      high: level + half,
    });
  }
  /** The first window and error scale again. */
  reset() {
    this.update({
      low: 0,
      high: this.input.white,
      errorScale: this.data.errorScale,
    });
  }
  /** Calls a listener after each change, and once at first. */
  subscribe(listener) {
    this.#listeners.push(listener);
    this.refresh();
  }
  /** Calls the listeners before the next frame. */
  refresh() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      for (const listener of this.#listeners) listener(this.#state);
    });
  }
};

// src/report/client/gestures.ts
var PER_PIXEL = 4e-3;
var PER_KEY = 0.01;
var REGION_KEY = 0.1;
var SHIFTED = 5;
function bindGestures(store2) {
  const figures = byId("figures");
  let drag;
  figures.addEventListener("pointerdown", (event) => {
    const canvas = event.target;
    if (!(canvas instanceof HTMLCanvasElement) || event.button !== 0) return;
    const { state } = store2;
    const sets = event.shiftKey === (state.drag === "window") ? "region" : "window";
    const whole = canvas.parentElement?.dataset.kind === "image";
    drag = {
      x: event.clientX,
      y: event.clientY,
      canvas,
      state,
      sets: whole ? sets : "window",
    };
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    figures.focus({
      preventScroll: true,
    });
  });
  figures.addEventListener("pointermove", (event) => {
    if (drag !== void 0) (drag.sets === "window" ? dragWindow : dragRegion)(store2, drag, event);
  });
  for (
    const end of [
      "pointerup",
      "pointercancel",
    ]
  ) {
    figures.addEventListener(end, () => drag = void 0);
  }
  figures.addEventListener("dblclick", () => store2.reset());
  figures.addEventListener("keydown", (event) => arrowKey(store2, event));
}
function dragWindow(store2, { x, y, state: { low, high } }, event) {
  store2.setWindow(
    (low + high) / 2 - PER_PIXEL * (event.clientY - y),
    high - low + PER_PIXEL * (event.clientX - x),
  );
}
function dragRegion(store2, { x, y, canvas }, event) {
  const box = canvas.getBoundingClientRect();
  const across = (event.clientX - x) / box.width, down = (event.clientY - y) / box.height;
  const part = Math.max(Math.abs(across), Math.abs(down));
  store2.update({
    region: regionOf(
      store2.input,
      (y - box.top) / box.height + (down < 0 ? -part : part) / 2,
      (x - box.left) / box.width + (across < 0 ? -part : part) / 2,
      part,
    ),
  });
}
var ARROWS = {
  ArrowLeft: [
    -1,
    0,
  ],
  ArrowRight: [
    1,
    0,
  ],
  ArrowUp: [
    0,
    1,
  ],
  ArrowDown: [
    0,
    -1,
  ],
};
function arrowKey(store2, event) {
  const arrow = ARROWS[event.key];
  if (arrow === void 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const { low, high, drag, region } = store2.state;
  const factor = event.shiftKey ? SHIFTED : 1;
  const [right, up] = arrow.map((direction) => direction * factor);
  if (drag === "window") {
    store2.setWindow((low + high) / 2 + up * PER_KEY, high - low + right * PER_KEY);
  } else {
    const by = {
      right: right * REGION_KEY,
      down: -up * REGION_KEY,
    };
    store2.update({
      region: changedRegion(store2.input, region, by),
    });
  }
}

// src/report/client/swipe.ts
var REFERENCE = "";
var FLICKER_MS = 500;
var KEY_STEP = 0.02;
var PAGE_STEP = 0.1;
function bindSwipe(store2, view2) {
  bindChoices(store2);
  bindDivider(store2);
  bindFlicker(store2);
  store2.subscribe((state) => {
    show(store2, view2, "a");
    show(store2, view2, "b");
    placeDivider(state);
    byId("flicker").setAttribute("aria-pressed", String(state.flicker !== null));
    byId("swipe-status").textContent = caption2(state);
  });
}
function offered({ data, state, input: input2 }) {
  const runs = data.runs.filter((run) =>
    run.input === state.input && run.mask === state.mask && run.picture
  );
  return [
    ...input2.reference
      ? [
        REFERENCE,
      ]
      : [],
    ...runs.map(({ label }) => label),
  ];
}
var nameOf = (label) => label === REFERENCE ? "reference" : label;
function bindChoices(store2) {
  const selects = {
    a: byId("swipe-a"),
    b: byId("swipe-b"),
  };
  const view2 = byId("swipe-view"), region = byId("swipe-region");
  for (
    const side of [
      "a",
      "b",
    ]
  ) {
    selects[side].addEventListener("change", () =>
      store2.update({
        [side]: selects[side].value,
      }));
  }
  byId("swipe-swap").addEventListener("click", () => swap(store2));
  view2.addEventListener("change", () =>
    store2.update({
      view: view2.value,
    }));
  region.addEventListener("change", () =>
    store2.update({
      regionOnly: region.checked,
    }));
  const initial = offered(store2);
  store2.update({
    a: initial[0] ?? "",
    b: initial[1] ?? initial[0] ?? "",
  });
  let filled = "";
  store2.subscribe((state) => {
    const labels = offered(store2);
    if (JSON.stringify(labels) !== filled) {
      for (const select of Object.values(selects)) {
        select.replaceChildren(...labels.map((label) => new Option(nameOf(label), label)));
      }
      filled = JSON.stringify(labels);
    }
    for (
      const side of [
        "a",
        "b",
      ]
    ) {
      if (!labels.includes(state[side]) && labels.length > 0) {
        store2.update({
          [side]: labels[0],
        });
      }
      selects[side].value = state[side];
    }
    view2.value = state.view;
    region.checked = state.regionOnly;
  });
}
function swap(store2) {
  const { a, b } = store2.state;
  store2.update({
    a: b,
    b: a,
  });
}
function show(store2, view2, side) {
  const { state, data } = store2;
  const canvas = byId(`canvas-${side}`), label = state[side];
  const run = data.runs.findIndex((run2) =>
    run2.input === state.input && run2.mask === state.mask && run2.label === label
  );
  const source = label === REFERENCE ? "reference" : run < 0 ? void 0 : run;
  const picture = source === void 0 ? void 0 : view2.picture(source, state.view);
  const name = nameOf(label) + (picture === void 0 ? ": none" : "");
  byId(`tag-${side}`).textContent = name;
  canvas.setAttribute("aria-label", `${side.toUpperCase()}: ${name}, ${state.view}`);
  if (picture === void 0) clear(canvas);
  else {
    paint(canvas, picture, view2.colours(state.view), state.regionOnly ? state.region : void 0);
  }
}
function placeDivider({ divider, flicker: flicker2 }) {
  const handle = byId("divider");
  const part = flicker2 === null ? divider : flicker2 === "a" ? 1 : 0;
  byId("canvas-a").style.clipPath = `inset(0 ${100 * (1 - part)}% 0 0)`;
  handle.style.left = `${100 * divider}%`;
  handle.hidden = flicker2 !== null;
  handle.setAttribute("aria-valuenow", String(Math.round(100 * divider)));
  byId("tag-a").hidden = flicker2 === "b";
  byId("tag-b").hidden = flicker2 === "a";
}
function bindDivider(store2) {
  const stage = byId("stage"), handle = byId("divider");
  const moveTo = (divider) =>
    store2.update({
      divider: clamp(divider, 0, 1),
    });
  let dragging = false;
  const follow = (event) => {
    const { left, width } = stage.getBoundingClientRect();
    moveTo((event.clientX - left) / width);
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || store2.state.flicker !== null) return;
    dragging = true;
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
    handle.focus({
      preventScroll: true,
    });
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => dragging && follow(event));
  for (
    const end of [
      "pointerup",
      "pointercancel",
    ]
  ) {
    stage.addEventListener(end, () => dragging = false);
  }
  handle.addEventListener("keydown", (event) => {
    const steps = {
      ArrowLeft: -KEY_STEP,
      ArrowDown: -KEY_STEP,
      ArrowRight: KEY_STEP,
      ArrowUp: KEY_STEP,
      PageDown: -PAGE_STEP,
      PageUp: PAGE_STEP,
      Home: -1,
      End: 1,
    };
    if (steps[event.key] === void 0) return;
    event.preventDefault();
    moveTo(store2.state.divider + steps[event.key]);
  });
}
var timer;
function bindFlicker(store2) {
  byId("flicker").addEventListener("click", () => flicker(store2));
}
function flicker(store2) {
  const next = () =>
    store2.update({
      flicker: store2.state.flicker === "a" ? "b" : "a",
    });
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    if (store2.state.flicker === "b") {
      store2.update({
        flicker: null,
      });
    } else next();
    return;
  }
  clearInterval(timer);
  timer = void 0;
  if (store2.state.flicker !== null) {
    store2.update({
      flicker: null,
    });
  } else {
    next();
    timer = setInterval(next, FLICKER_MS);
  }
}
function caption2({ a, b, flicker: flicker2, regionOnly, view: view2 }) {
  const what = {
    image: "Images",
    error: "Error maps",
    std: "Deviations",
  }[view2];
  const where = regionOnly ? "the region" : "the whole slice";
  const how = flicker2 === null ? "left and right of the divider" : "in turn";
  return `${what} of ${nameOf(a)} and ${nameOf(b)} ${how}: ${where}, as Figure 1 shows it.`;
}

// src/report/client/toolbar.ts
function bindToolbar(store2) {
  const controls = {
    input: byId("input"),
    mask: byId("mask"),
    slice: byId("slice"),
  };
  for (const form of all("form:not([method])")) {
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  controls.input.addEventListener("change", () =>
    store2.choose({
      input: Number(controls.input.value),
    }));
  controls.mask.addEventListener("change", () =>
    store2.choose({
      mask: Number(controls.mask.value),
    }));
  controls.slice.addEventListener("input", () =>
    store2.choose({
      slice: Number(controls.slice.value),
    }));
  byId("reset").addEventListener("click", () => store2.reset());
  bindNumbers(store2);
  bindChoices2(store2);
  store2.subscribe((state) => {
    controls.input.value = String(state.input);
    controls.mask.value = String(state.mask);
    controls.slice.max = String(store2.input.slices.length - 1);
    controls.slice.value = String(state.slice);
    byId("slice-number").textContent = String(store2.input.slices[state.slice]);
  });
}
function bindNumbers(store2) {
  const [level, width, scale2] = [
    "level",
    "width",
    "error-scale",
  ].map((id) => byId(id));
  const part = ({ value }) => value === "" ? NaN : Number(value) / 100;
  const setWindow = () => {
    const [middle2, whole] = [
      part(level),
      part(width),
    ];
    if (Number.isFinite(middle2) && whole > 0) store2.setWindow(middle2, whole);
  };
  level.addEventListener("input", setWindow);
  width.addEventListener("input", setWindow);
  scale2.addEventListener("input", () =>
    part(scale2) > 0 && store2.update({
      errorScale: part(scale2),
    }));
  store2.subscribe(({ low, high, errorScale }) => {
    write(level, (low + high) / 2);
    write(width, high - low);
    write(scale2, errorScale);
  });
}
function write(field, value) {
  if (document.activeElement !== field) field.value = percent(value);
}
function bindChoices2(store2) {
  const panels = all("input[name=panel]");
  const drags = all("input[name=drag]");
  for (const box of panels) box.addEventListener("change", () => togglePanel(store2, box.value));
  for (const radio of drags) {
    radio.addEventListener("change", () =>
      store2.update({
        drag: radio.value,
      }));
  }
  store2.subscribe((state) => {
    for (const box of panels) box.checked = state.panels.has(box.value);
    for (const radio of drags) radio.checked = radio.value === state.drag;
    byId("figures").dataset.drag = state.drag;
  });
}
function togglePanel(store2, panel) {
  const panels = new Set(store2.state.panels);
  if (!panels.delete(panel)) panels.add(panel);
  store2.update({
    panels,
  });
}

// src/report/client/keys.ts
var ZOOM = 1.25;
var PANELS = [
  "image",
  "zoom",
  "error",
  "std",
];
var slice = (by) => (store2) =>
  store2.choose({
    slice: store2.state.slice + by,
  });
var mask = (by) => (store2) =>
  store2.choose({
    mask: store2.state.mask + by,
  });
var input = (by) => (store2) =>
  store2.choose({
    input: store2.state.input + by,
  });
var scale = (by) => (store2) =>
  store2.update({
    errorScale: store2.state.errorScale * by,
  });
var zoom = (factor) => (store2) =>
  store2.update({
    region: changedRegion(store2.input, store2.state.region, {
      factor,
    }),
  });
var BINDINGS = [
  [
    "j",
    "next slice",
    slice(1),
  ],
  [
    "k",
    "previous slice",
    slice(-1),
  ],
  [
    "n",
    "next mask",
    mask(1),
  ],
  [
    "p",
    "previous mask",
    mask(-1),
  ],
  [
    "i",
    "next input",
    input(1),
  ],
  [
    "I",
    "previous input",
    input(-1),
  ],
  [
    "w",
    "dragging and arrows set the window",
    (store2) =>
      store2.update({
        drag: "window",
      }),
  ],
  [
    "z",
    "dragging and arrows set the region",
    (store2) =>
      store2.update({
        drag: "region",
      }),
  ],
  [
    "+",
    "smaller region, larger picture",
    zoom(1 / ZOOM),
  ],
  [
    "-",
    "larger region",
    zoom(ZOOM),
  ],
  [
    "e",
    "errors twice as bright",
    scale(0.5),
  ],
  [
    "E",
    "errors half as bright",
    scale(2),
  ],
  [
    "r",
    "window and error scale as at first",
    (store2) => store2.reset(),
  ],
  [
    "f",
    "flicker between A and B, or stop",
    flicker,
  ],
  [
    "x",
    "exchange A and B",
    swap,
  ],
  [
    "?",
    "this list",
    () => byId("keys").showModal(),
  ],
];
var GESTURES = [
  [
    "1 2 3 4",
    "image, region, error, deviation on or off",
  ],
  [
    "\u2190 \u2192 on images",
    "narrower, wider window; or move the region",
  ],
  [
    "\u2191 \u2193 on images",
    "higher, lower level; or move the region",
  ],
  [
    "Shift + arrow",
    "the same in large steps",
  ],
  [
    "drag on image",
    "width across, level up and down; with Shift the region",
  ],
  [
    "double click",
    "window as at first",
  ],
  [
    "\u2190 \u2192 on divider",
    "move it; Home and End to either side",
  ],
];
function bindKeys(store2) {
  byId("keys-list").replaceChildren(...[
    ...BINDINGS,
    ...GESTURES,
  ].flatMap(([key, words]) => [
    term(key),
    definition(words),
  ]));
  byId("keys-button").addEventListener("click", () => byId("keys").showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const binding = BINDINGS.find(([key]) => key === event.key);
    const panel = PANELS[Number(event.key) - 1];
    if (binding !== void 0) binding[2](store2);
    else if (panel !== void 0) togglePanel(store2, panel);
    else return;
    event.preventDefault();
  });
}
function typing(target) {
  return target instanceof Element &&
    target.closest("select, dialog, input:not([type=checkbox], [type=radio], [type=range])") !==
      null;
}
function term(key) {
  const element = document.createElement("dt"), inner = document.createElement("kbd");
  inner.textContent = key;
  element.append(inner);
  return element;
}
function definition(words) {
  const element = document.createElement("dd");
  element.textContent = words;
  return element;
}

// src/report/page_data.ts
function pictureId(kind, index, slice2) {
  return `px-${kind}-${index}-${slice2}`;
}
function unpackLevels(bytes, columns) {
  const count = bytes.length / 2, levels = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const left = i % columns === 0 ? 0 : levels[i - 1];
    levels[i] = left + (bytes[i] << 8) + bytes[count + i];
  }
  return levels;
}

// src/report/client/pixels.ts
var Pixels = class {
  #ready = /* @__PURE__ */ new Map();
  #waiting = /* @__PURE__ */ new Set();
  #loaded;
  /** `loaded` is called whenever a picture that was asked for has come. */
  constructor(loaded) {
    this.#loaded = loaded;
  }
  /** Whether pictures are on their way. */
  get busy() {
    return this.#waiting.size > 0;
  }
  /** How many pictures have come. */
  get count() {
    return this.#ready.size;
  }
  /** Levels of a picture, row by row; undefined until they have come. */
  get(kind, index, slice2, columns) {
    const id = pictureId(kind, index, slice2);
    const levels = this.#ready.get(id);
    if (levels === void 0 && !this.#waiting.has(id)) this.#load(id, columns);
    return levels;
  }
  async #load(id, columns) {
    const text = document.getElementById(id)?.textContent;
    if (!text) return;
    this.#waiting.add(id);
    const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([
      packed,
    ]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    this.#ready.set(id, unpackLevels(bytes, columns));
    this.#waiting.delete(id);
    this.#loaded();
  }
};

// src/report/client/tables.ts
function bindTables(store2) {
  for (const table2 of all("table.sortable")) bindSorting(table2);
  bindRunTable(store2);
  bindPairs();
  bindCurves(store2);
  bindCopy();
  addEventListener("beforeprint", () => all("details").forEach((d) => d.open = true));
}
function bindSorting(table2) {
  const heads = all("thead th", table2);
  heads.forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const other of heads) other.setAttribute("aria-sort", other === head ? order : "none");
      sortRows(table2.tBodies[0], column, order === "ascending" ? 1 : -1);
    });
  });
}
function sortRows(body, column, sign) {
  const rows = [
    ...body.rows,
  ].map((row) => ({
    row,
    value: row.cells[column].dataset.value ?? "",
  }));
  const numeric = rows.every(({ value }) => !Number.isNaN(Number(value)));
  rows.sort((a, b) => {
    if (a.value === "" || b.value === "") return Number(a.value === "") - Number(b.value === "");
    if (!numeric) return sign * a.value.localeCompare(b.value);
    return a.value === b.value ? 0 : sign * (Number(a.value) - Number(b.value));
  });
  body.append(...rows.map(({ row }) => row));
}
function bindRunTable(store2) {
  const region = byId("table-region"), only = byId("table-mask");
  const table2 = byId("runs");
  region.addEventListener("change", () => table2.dataset.region = region.value);
  only.addEventListener("change", () => store2.refresh());
  store2.subscribe(({ mask: mask2 }) => {
    for (const row of table2.tBodies[0].rows) {
      row.hidden = only.checked && row.dataset.mask !== String(mask2);
    }
  });
}
function bindPairs() {
  const table2 = document.querySelector("#pairs");
  if (table2 === null) return;
  const metric = byId("pair-metric"), method = byId("pair-method");
  const filter = () => {
    for (const row of table2.tBodies[0].rows) {
      const { a, b, metric: of } = row.dataset;
      const named = method.value === "" || a === method.value || b === method.value;
      row.hidden = of !== metric.value || !named;
    }
  };
  metric.addEventListener("change", filter);
  method.addEventListener("change", filter);
  filter();
}
function bindCurves(store2) {
  const buttons = all(".legend button"), curves = all(".curve");
  const lift = (mark) => {
    for (const curve of curves) {
      curve.classList.toggle("dim", mark !== void 0 && curve.dataset.mark !== mark);
    }
  };
  const pressed = () =>
    buttons.find((b) => b.getAttribute("aria-pressed") === "true")?.dataset.mark;
  for (const button of buttons) {
    button.addEventListener("pointerenter", () => lift(button.dataset.mark));
    button.addEventListener("pointerleave", () => lift(pressed()));
    button.addEventListener("click", () => {
      const press = button.getAttribute("aria-pressed") !== "true";
      for (const other of buttons) {
        other.setAttribute("aria-pressed", String(press && other === button));
      }
      lift(pressed());
    });
  }
  const figures = all(".charts figure[data-mask]");
  store2.subscribe(({ mask: mask2 }) => {
    for (const figure of figures) figure.hidden = figure.dataset.mask !== String(mask2);
  });
}
function bindCopy() {
  const button = byId("copy"), command = byId("command");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent ?? "");
      button.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(command);
      button.textContent = "Selected";
    }
    setTimeout(() => button.textContent = "Copy", 2e3);
  });
}

// src/report/client/main.ts
var store = new Store(JSON.parse(byId("data").textContent ?? ""));
var pixels = new Pixels(() => store.refresh());
var view = new View(store, pixels);
bindToolbar(store);
bindSwipe(store, view);
bindFigures(store, pixels, view);
bindGestures(store);
bindKeys(store);
bindTables(store);
