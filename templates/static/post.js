// Posts an answer on to the relying party at once. Without this script the
// button does it.
"use strict";
document.getElementById("post").submit();
