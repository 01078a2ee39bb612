import { render } from "preact";
import { Shell } from "./shell";
import { Live } from "./data/live";
import { Stream } from "./data/stream";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/tiles.css";
import "./styles/overview.css";
import "./styles/overview_narrow.css";
import "./styles/charts.css";
import "./styles/lists.css";
import "./styles/overhead.css";

const live = new Live();
const stream = new Stream(live);
const place = document.getElementById("app");
if (place) {
  place.replaceChildren();
  render(<Shell live={live} reconnect={() => stream.open()} />, place);
  stream.start();
}
