// The start, and what makes all be drawn anew: another size, another theme, paper.
function repaint() {
  paintOverview();
  draw();
}
retheme();
fill();
filter();
if (!openLink()) move(0, { seek: false });
new ResizeObserver(repaint).observe(slider);
const rethemed = () => {
  retheme();
  repaint();
};
addEventListener("themed", rethemed);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", rethemed);

// Paper is light, and shows the whole video.
let onScreen = null;
addEventListener("beforeprint", () => {
  onScreen = { theme: document.documentElement.dataset.theme, from: view.from, span: view.to - view.from };
  document.documentElement.dataset.theme = "light";
  document.documentElement.classList.add("paper");
  retheme();
  setView(0, data.duration);
  paint();
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("paper");
  if (onScreen.theme) document.documentElement.dataset.theme = onScreen.theme;
  else delete document.documentElement.dataset.theme;
  setView(onScreen.from, onScreen.span);
  rethemed();
});
