"""The style sheet of the page. The colours are those of Okabe and Ito (2008), which colour-blind people can tell apart,
lightened for a dark page; each series has a mark of its own as well."""

from __future__ import annotations

import base64
import hashlib

from loadgen.report.html.markup import Markup

CSS = """
:root{color-scheme:light dark;--page:#fff;--card:#f5f7f9;--text:#1b1f24;--dim:#57606a;--rule:#dfe3e8;
--good:#00694a;--warn:#8a5300;--bad:#b3261e;--on:#fff;--focus:#0072b2;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b6578d;--c4:#c98a00;--c5:#3f9bd1;--c6:#555c64;--c7:#8c7a00}
@media (prefers-color-scheme:dark){:root{--page:#13161a;--card:#1b1f25;--text:#e6e9ed;--dim:#9da7b3;--rule:#2f363e;
--good:#4cc79a;--warn:#e5ac3d;--bad:#ff8a7a;--on:#13161a;--focus:#56b4e9;
--c0:#56b4e9;--c1:#f08246;--c2:#2fc197;--c3:#e09cc4;--c4:#e6b422;--c5:#8ccdf2;--c6:#c3cad2;--c7:#d8cd5a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:1160px;margin:0 auto;padding:0 clamp(16px,3vw,32px)}
header{padding-top:28px}
h1{font-size:clamp(20px,2.6vw,27px);line-height:1.25;margin:10px 0 6px;font-weight:650;letter-spacing:-.01em}
h2{font-size:19px;margin:44px 0 12px;padding-top:14px;border-top:1px solid var(--rule);font-weight:650}
h3{font-size:15px;margin:0;font-weight:650}
p{margin:4px 0}
a{color:inherit;text-decoration-color:var(--dim);text-underline-offset:3px}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:3px}
.badge{display:inline-block;padding:3px 11px;border-radius:99px;font-weight:700;font-size:13px;letter-spacing:.04em;
color:var(--on);background:var(--dim)}
.badge.good{background:var(--good)}.badge.warn{background:var(--warn)}.badge.bad{background:var(--bad)}
.dim{color:var(--dim)}.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.badge.good,.badge.warn,.badge.bad{color:var(--on)}
.strong,.bad{font-weight:650}
nav{margin:16px 0 0;display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13.5px;color:var(--dim)}
.said{list-style:none;margin:18px 0 0;padding:0;display:grid;gap:8px}
.said li{background:var(--card);border-left:4px solid var(--c0);border-radius:0 6px 6px 0;padding:9px 14px}
.said li.isbad{border-color:var(--bad)}.said li.iswarn{border-color:var(--warn)}
figure{margin:20px 0 0;background:var(--card);border-radius:10px;padding:16px clamp(12px,2vw,20px) 12px;
break-inside:avoid}
figcaption{margin-bottom:8px}
figcaption p{color:var(--dim);font-size:13.5px;max-width:85ch}
details{margin-top:10px;font-size:14px}
summary{cursor:pointer;color:var(--dim);font-size:13.5px;padding:2px 0}
.scroll{overflow-x:auto;margin:8px 0 4px}
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums;min-width:min(100%,420px)}
caption{text-align:left;color:var(--dim);font-size:13px;padding:2px 0 6px;position:sticky;left:0}
th,td{text-align:left;padding:4px 14px 4px 0;border-bottom:1px solid var(--rule);vertical-align:top;font-weight:400;
overflow-wrap:normal}
thead th{color:var(--dim);font-size:12.5px;white-space:nowrap;vertical-align:bottom}
td:not(.n){min-width:9ch}
.n{text-align:right;white-space:nowrap}
tbody th{font-weight:550;min-width:8ch}
td small,.small{display:block;color:var(--dim);font-size:12px}
details .scroll{max-height:420px;overflow:auto}
dl{margin:8px 0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:2px 28px}
dl div{display:grid;grid-template-columns:minmax(108px,34%) 1fr;gap:12px;padding:4px 0;
border-bottom:1px solid var(--rule)}
dt{color:var(--dim);font-size:13.5px}dd{margin:0;font-size:14px}
.legend{list-style:none;margin:2px 0 8px;padding:0;display:flex;flex-wrap:wrap;gap:3px 18px;font-size:13.5px}
.legend li{display:flex;align-items:center;gap:7px}.legend svg{flex:none}
svg{display:block;overflow:visible}
.chart{font-size:12px;padding:0 10px 0 56px}.wide{padding:0 6px 0 0}
.paths,.clip{overflow:hidden}
text{fill:var(--text)}
.label,.unit,.note{fill:var(--dim);font-size:12px;font-variant-numeric:tabular-nums}
.name{font-size:13px;paint-order:stroke;stroke:var(--card);stroke-width:4px}
.grid{stroke:var(--rule);shape-rendering:crispEdges}
.axis{stroke:var(--dim);shape-rendering:crispEdges}
.limit{stroke:var(--bad);stroke-dasharray:4 3}
.line{fill:none;stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.area{stroke:none;fill-opacity:.17}
.thin{stroke-width:2;stroke-opacity:.55}.thick{stroke-width:7;stroke-linecap:round;stroke-opacity:.75}
.dot{stroke:var(--card);stroke-width:2}
.mark path{stroke:var(--card);stroke-width:1}
.pane{fill:transparent}
.guide{stroke:var(--dim);stroke-dasharray:2 3}
.readout{font-size:13px;font-variant-numeric:tabular-nums;paint-order:stroke;stroke:var(--card);stroke-width:5px;
stroke-linejoin:round}
.shown{visibility:hidden;pointer-events:none}
.hit:hover .shown{visibility:visible}
.still{fill:var(--dim);fill-opacity:.1}
.silence{fill:var(--c1);fill-opacity:.12;stroke:var(--c1);stroke-opacity:.8}
.phase{stroke:var(--dim);stroke-dasharray:3 3;stroke-opacity:.7}
.c0,.o-target{--c:var(--c0)}.c1,.o-own{--c:var(--c1)}.c2,.o-held{--c:var(--c2)}.c3,.o-build{--c:var(--c3)}
.c4,.o-wait{--c:var(--c4)}.c5,.o-connect{--c:var(--c5)}.c6,.o-handshake{--c:var(--c6)}.c7{--c:var(--c7)}
.line,.thin,.thick{stroke:var(--c)}
.area,.mark path,.dot,rect[class^="o-"],.bar{fill:var(--c)}
.heat{fill:var(--c0)}
.h1{fill-opacity:.16}.h2{fill-opacity:.28}.h3{fill-opacity:.4}.h4{fill-opacity:.52}.h5{fill-opacity:.64}
.h6{fill-opacity:.76}.h7{fill-opacity:.88}.h8{fill-opacity:1}
.code{white-space:pre-wrap;font:12.5px/1.45 ui-monospace,monospace;max-height:520px;overflow:auto;margin:8px 0}
.code span{display:block}
footer{margin-top:48px;padding-top:14px;padding-bottom:40px;color:var(--dim);font-size:13px}
@media print{:root{--page:#fff;--card:#fff;--text:#000;--dim:#444;--rule:#ccc;--good:#00694a;--warn:#8a5300;
--bad:#b3261e;--on:#fff;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b6578d;--c4:#c98a00;--c5:#3f9bd1;--c6:#555c64;
--c7:#8c7a00}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{font-size:11pt}nav,details:not([open]){display:none}
h2{break-after:avoid;margin-top:24px}.scroll{overflow:visible}tr,.said li,dl div{break-inside:avoid}
figure{padding:8px 0}main,header,footer{max-width:none;padding-left:0;padding-right:0}@page{margin:14mm}}
"""

SHEET = Markup(CSS)


def source() -> str:
    """The sheet as a content security policy names it, by its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()}'"
