// What is wider than its place can be scrolled by the keyboard, too: it takes the focus, as long as it is wider.
function mark() {
  for (const part of document.querySelectorAll("article pre, article .table-wrapper, article .sig-lines")) {
    if (part.scrollWidth > part.clientWidth) {
      part.tabIndex = 0;
    } else {
      part.removeAttribute("tabindex");
    }
  }
}

document.addEventListener("DOMContentLoaded", mark);
addEventListener("resize", mark);

// The search shows a part of each page that it finds, which it has to read. From files it cannot, and finds them all the same.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
