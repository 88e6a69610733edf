"""The review page: a case in the browser, with the plots and the form that a decision needs, and what the champion is doing."""
