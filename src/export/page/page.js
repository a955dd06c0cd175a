/* What a script adds to the page: searching, sorting, unfolding, copying. The page is whole without it. Texts of reports are
 * only ever compared and moved, never made into markup. */
(function () {
  "use strict";
  var body = document.querySelector("#list tbody");
  var older = Array.prototype.slice.call(document.querySelectorAll(".older"));
  var sections = Array.prototype.slice.call(document.querySelectorAll(".incident"));

  function make(name, text, parent) {
    var element = document.createElement(name);
    if (text) { element.textContent = text; }
    if (parent) { parent.appendChild(element); }
    return element;
  }

  function button(text, parent, action) {
    var element = make("button", text, parent);
    element.type = "button";
    element.addEventListener("click", action);
    return element;
  }

  /* Folded things may be hidden from a search by the browser's own; this opens what the address names. */
  function openTarget() {
    var id = location.hash.slice(1);
    var element = id ? document.getElementById(id) : null;
    if (element && element.hidden) { element.hidden = false; }
    if (element && element.classList.contains("incident")) { element.scrollIntoView(); }
  }

  function addSearch() {
    var place = document.getElementById("find");
    var rows = Array.prototype.slice.call(document.querySelectorAll(".list tbody tr"));
    var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
    var byId = {};
    var timer = 0;
    sections.forEach(function (section) { byId["#" + section.id] = section; });
    place.className = "tools";
    place.setAttribute("role", "search");
    var label = make("label", "Find incidents", place);
    var input = make("input", "", place);
    var said = make("span", "", place);
    input.type = "search";
    input.id = "find-text";
    input.autocomplete = "off";
    input.placeholder = "process, site, 0x5c8, build ...";
    label.htmlFor = input.id;
    said.className = "dim";
    said.setAttribute("role", "status");

    function search() {
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      rows.forEach(function (row, at) {
        var fits = words.every(function (word) { return texts[at].indexOf(word) >= 0; });
        var link = row.cells[0].querySelector("a");
        row.hidden = !fits;
        shown += fits ? 1 : 0;
        if (link && byId[link.getAttribute("href")]) { byId[link.getAttribute("href")].hidden = !fits; }
      });
      older.forEach(function (details) {
        details.hidden = !details.querySelector("tbody tr:not([hidden])");
        details.open = words.length > 0 && !details.hidden;
      });
      said.textContent = words.length ? shown.toLocaleString("en") + " of " + rows.length.toLocaleString("en") : "";
    }
    input.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(search, 120);
    });
  }

  function value(row, column) {
    var text = row.cells[column].textContent;
    var number = /^(?:agxtriage show )?(\d+)\b(?!-)/.exec(text);
    if (number) { return Number(number[1]); }
    return /^0x[0-9a-f]+/.test(text) ? parseInt(text, 16) : text.toLowerCase();
  }

  function compare(a, b) {
    if (typeof a === typeof b) { return a < b ? -1 : a > b ? 1 : 0; }
    return typeof a === "number" ? -1 : 1;
  }

  /* What is sorted stands in one table. */
  function joinTables() {
    older.forEach(function (details) {
      Array.prototype.slice.call(details.querySelectorAll("tbody tr")).forEach(function (row) { body.appendChild(row); });
      details.parentNode.removeChild(details);
    });
    older = [];
  }

  function addSorting() {
    var heads = Array.prototype.slice.call(document.querySelectorAll("#list thead th"));
    heads.forEach(function (head, column) {
      var text = head.textContent;
      head.textContent = "";
      button(text, head, function () {
        joinTables();
        var up = head.getAttribute("aria-sort") !== "ascending";
        var keyed = Array.prototype.map.call(body.rows, function (row, at) {
          return { row: row, key: value(row, column), at: at };
        });
        keyed.sort(function (a, b) { return (up ? 1 : -1) * compare(a.key, b.key) || a.at - b.at; });
        var all = document.createDocumentFragment();
        keyed.forEach(function (one) { all.appendChild(one.row); });
        body.appendChild(all);
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
      });
    });
  }

  function addFolding() {
    var place = document.getElementById("fold");
    place.className = "tools";
    [["Unfold all", true], ["Fold all", false]].forEach(function (what) {
      button(what[0], place, function () {
        sections.forEach(function (section) {
          Array.prototype.forEach.call(section.querySelectorAll("details"), function (details) {
            details.open = what[1];
          });
        });
      });
    });
  }

  function copy(text, element) {
    function done() {
      element.textContent = "Copied";
      setTimeout(function () { element.textContent = "Copy"; }, 1500);
    }
    function select() {
      var range = document.createRange();
      range.selectNodeContents(element.previousSibling);
      var selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      element.textContent = document.execCommand("copy") ? "Copied" : "Selected";
    }
    if (navigator.clipboard) { navigator.clipboard.writeText(text).then(done, select); } else { select(); }
  }

  function addCopying() {
    Array.prototype.forEach.call(document.querySelectorAll("code.cmd"), function (code) {
      var element = button("Copy", null, function () { copy(code.textContent, element); });
      element.className = "copy";
      element.setAttribute("aria-label", "Copy " + code.textContent);
      code.parentNode.insertBefore(element, code.nextSibling);
    });
  }

  /* For browsers whose styles cannot unfold. Of an incident the reader chooses what is printed: there are many. */
  function unfoldForPrint() {
    var folded = [];
    addEventListener("beforeprint", function () {
      folded = Array.prototype.slice.call(document.querySelectorAll("details:not([open])")).filter(function (details) {
        return !details.closest(".incident, .older");
      });
      folded.forEach(function (details) { details.open = true; });
    });
    addEventListener("afterprint", function () {
      folded.forEach(function (details) { details.open = false; });
    });
  }

  if (body) {
    addSearch();
    addSorting();
  }
  if (sections.length) { addFolding(); }
  addCopying();
  unfoldForPrint();
  addEventListener("hashchange", openTarget);
}());
