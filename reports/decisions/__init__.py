"""What only people may do: approve, reject, roll back, rule, adopt, accept approvers, verify, recover."""
