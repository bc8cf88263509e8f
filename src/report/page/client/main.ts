/** The script of report.html. @module */
/// <reference lib="dom" />
import type { PageData } from "../page_data.ts";
import { byId } from "./dom.ts";
import { bindDownloads } from "./download.ts";
import { bindFigures } from "./figures.ts";
import { bindGestures } from "./gestures.ts";
import { bindKeys } from "./keys.ts";
import { bindProbe } from "./probe.ts";
import { bindProfile } from "./profile.ts";
import { Store } from "./state.ts";
import { bindSwipe } from "./swipe.ts";
import { bindTables } from "./tables.ts";
import { bindToolbar } from "./toolbar.ts";
import { View } from "./view.ts";

const store = new Store(JSON.parse(byId("data").textContent ?? "") as PageData);
const view = new View(store);
bindToolbar(store);
bindSwipe(store, view);
bindFigures(store, view);
bindGestures(store);
bindKeys(store);
bindTables(store);
bindProbe(store, view);
bindProfile(store, view);
bindDownloads(store, view);
