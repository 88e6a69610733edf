"""What happened and who decided: ledger, cases, champion, approvers, and the mirror in MLflow."""
