"use strict";
// With a script at hand the far rows of a long list wait until the map is drawn; without one, all rows stand at once.
document.documentElement.classList.add("scripted");
