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
        var up = head.getAttribute('aria-sort') !== 'ascending', numeric = head.classList.contains('n');
        var rows = Array.from(table.tBodies[0].rows);
        function key(row) {
          var text = row.cells[column].textContent;
          return numeric ? (isNaN(parseInt(text, 10)) ? -1 : parseInt(text, 10)) : text;
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

  addEventListener('beforeprint', function () {
    document.querySelectorAll('details').forEach(function (d) { d.open = true; });
  });
})();
