/** How the page looks, with and without the Sandbox. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --line: #8885; --soft: #8882; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 6px 20px; align-items: center; padding: 8px 16px; border-bottom: 1px solid var(--line); }
header h1 { font-size: 16px; margin: 0; }
header label { display: flex; gap: 8px; align-items: center; }
input { font: 13px ui-monospace, monospace; width: 26em; max-width: 60vw; padding: 4px 8px; }
button { font: inherit; padding: 3px 12px; cursor: pointer; }
dl { display: flex; flex-wrap: wrap; gap: 0 6px; margin: 0; font-size: 12px; }
dt { opacity: 0.7; }
dd { margin: 0 10px 0 0; font-family: ui-monospace, monospace; }
#switch { margin-left: auto; }
#sandbox { flex: 1; min-height: 0; }
#sandbox iframe { display: block; width: 100%; height: 100%; border: none; background: white; }
#plain { flex: 1; overflow: auto; padding: 0 16px 40px; }
#plain > * { max-width: 60em; margin-left: auto; margin-right: auto; }
#unreachable { margin-top: 16px; padding: 4px 16px; border: 1px solid var(--line); border-radius: 6px; background: var(--soft); }
h2 { font-size: 15px; margin: 0 0 6px; }
ol { padding-left: 24px; }
.step { margin: 0 0 28px; }
.step::marker { font-weight: bold; }
pre { overflow: auto; margin: 0 0 8px; padding: 10px 12px; border-radius: 6px; background: var(--soft); font: 13px/1.45 ui-monospace, monospace; }
.answer { margin-top: 8px; border-left: 3px solid #2a8; border-radius: 0 6px 6px 0; }
`;
