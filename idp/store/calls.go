package store

// Call returns a call that has not expired, with what it says: gateways ask for
// it while it goes on, after it was marked as sent. ErrNotFound otherwise.
func (tx *Tx) Call(id string) (Outgoing, error) {
	row, err := take[outgoingRow](tx, "id = ? AND kind = 'voice' AND failed_at IS NULL AND expires_at > ?", id, tx.Now.Unix())
	if err != nil {
		return Outgoing{}, err
	}
	return tx.openOutgoing(row)
}

// ForgetCalls erases what expired calls said.
func (tx *Tx) ForgetCalls() error {
	_, err := tx.exec("forget calls", "UPDATE outbox SET params = NULL WHERE kind = 'voice' AND expires_at <= ?1 AND params IS NOT NULL", tx.Now.Unix())
	return err
}
