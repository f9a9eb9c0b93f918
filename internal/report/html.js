'use strict';
(function () {
  var status = document.querySelector('.status');

  function copied(button) {
    button.textContent = 'Copied';
    status.textContent = 'Copied';
    setTimeout(function () { button.textContent = 'Copy'; status.textContent = ''; }, 2000);
  }

  // Where the clipboard is closed to pages, the record is selected instead.
  function select(node) {
    var range = document.createRange(), selection = getSelection();
    range.selectNodeContents(node);
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand('copy');
  }

  document.querySelectorAll('.paste').forEach(function (box) {
    var text = box.querySelector('ins'), button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.setAttribute('aria-label', 'Copy the record ' + text.textContent.slice(0, 60));
    button.addEventListener('click', function () {
      function fallback() { if (select(text)) { copied(button); } }
      if (navigator.clipboard) {
        navigator.clipboard.writeText(text.textContent).then(function () { copied(button); }, fallback);
      } else {
        fallback();
      }
    });
    box.appendChild(button);
  });

  document.querySelectorAll('table.sortable').forEach(function (table) {
    var heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      var button = document.createElement('button');
      button.type = 'button';
      button.textContent = head.textContent;
      head.textContent = '';
      head.appendChild(button);
      button.addEventListener('click', function () {
        var up = head.getAttribute('aria-sort') !== 'ascending';
        var rows = Array.from(table.tBodies[0].rows);
        function key(row) {
          var cell = row.cells[column], text = cell.dataset.sort || cell.textContent, number = parseInt(text, 10);
          return isNaN(number) || column === 0 ? text : number;
        }
        rows.sort(function (a, b) {
          var x = key(a), y = key(b);
          return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
        });
        heads.forEach(function (h) { h.removeAttribute('aria-sort'); });
        head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
      });
    });
  });

  // Paper has nothing to unfold.
  var folded = [];
  addEventListener('beforeprint', function () {
    folded = Array.from(document.querySelectorAll('details:not([open])'));
    folded.forEach(function (d) { d.open = true; });
  });
  addEventListener('afterprint', function () {
    folded.forEach(function (d) { d.open = false; });
  });
})();
