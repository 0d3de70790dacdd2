package idp

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// abandoned is after which an unfinished file no longer counts.
const abandoned = 10 * time.Minute

// finished are the files of a request that came whole.
func finished(tx *store.Tx, id string) ([]store.RecoveryFile, error) {
	all, err := tx.RecoveryFiles(id)
	return slices.DeleteFunc(all, func(f store.RecoveryFile) bool { return f.DoneAt.IsZero() }), err
}

// attachable reports whether evidence may be added to a request now.
func attachable(r store.Recovery) error {
	if r.ConfirmedAt.IsZero() || r.State != string(recovery.Draft) && r.State != string(recovery.Asked) {
		return ErrStep
	}
	return nil
}

// Attach adds a piece of evidence. It is read and sealed piece by piece: no more
// than one is in memory, none in clear on any disk, and nobody waits for a slow
// sender. Its content says what it is. Errors: ErrEvidence for an empty file,
// ErrEvidenceSize, ErrTooMany, recovery.ErrKind, recovery.ErrPixels, ErrStep, ErrLink.
func (p *Provider) Attach(ctx context.Context, b *Browser, secret, name string, from io.Reader) error {
	var r store.Recovery
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		if _, r, err = p.applied(tx, secret); err != nil {
			return err
		}
		return attachable(r)
	})
	if err != nil {
		return err
	}
	piece := make([]byte, recovery.HeadSize)
	n, err := io.ReadFull(from, piece)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return ErrEvidence
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	kind, err := recovery.Sniff(piece[:n], p.cfg.Limits.Recovery)
	if err != nil {
		return err
	}
	f := store.RecoveryFile{ID: newID(), RecoveryID: r.ID, Name: clip(name, 200), Kind: string(kind)}
	err = p.withRecovery(ctx, b, secret, func(w *work, _ store.Token, r store.Recovery) error { return p.beginFile(w, r, f) })
	if err != nil {
		return err
	}
	if err := p.pieces(ctx, b, f.ID, piece, n, from); err != nil {
		// The request may be over because its sender went away: the rest is not theirs to wait for.
		undo := p.update(context.WithoutCancel(ctx), b, func(w *work) error {
			return ignore(w.DeleteRecoveryFile(r.ID, f.ID), store.ErrNotFound)
		})
		return errors.Join(err, undo)
	}
	return nil
}

func (p *Provider) beginFile(w *work, r store.Recovery, f store.RecoveryFile) error {
	if err := attachable(r); err != nil {
		return err
	}
	all, err := w.RecoveryFiles(r.ID)
	if err != nil {
		return err
	}
	n := 0
	for _, other := range all {
		if other.DoneAt.IsZero() && w.Now.Sub(other.CreatedAt) >= abandoned {
			if err := w.DeleteRecoveryFile(r.ID, other.ID); err != nil {
				return err
			}
			continue
		}
		n++
	}
	if n >= p.cfg.Limits.Recovery.Files {
		return ErrTooMany
	}
	// Adding and removing may go on for a while, not for ever (T-05).
	ok, until, err := w.Hit("rec.files|"+r.ID, 10*p.cfg.Limits.Recovery.Files, day)
	if err != nil {
		return err
	}
	if !ok {
		return store.Keep(&mfa.TooSoonError{What: "recovery", At: until})
	}
	return w.InsertRecoveryFile(f)
}

// pieces writes a file, of which the first n bytes are read already.
func (p *Provider) pieces(ctx context.Context, b *Browser, fileID string, piece []byte, n int, from io.Reader) error {
	most := int64(p.cfg.Limits.Recovery.FileKiB) << 10
	for i, size := 0, int64(0); ; i++ {
		if size += int64(n); size > most {
			return ErrEvidenceSize
		}
		last := n < len(piece)
		err := p.update(ctx, b, func(w *work) error {
			if n > 0 {
				if err := w.InsertRecoveryPiece(fileID, i, piece[:n]); err != nil {
					return err
				}
			}
			if !last {
				return nil
			}
			return w.FinishRecoveryFile(fileID, size)
		})
		if err != nil || last {
			return err
		}
		n, err = io.ReadFull(from, piece)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
	}
}

// Detach removes a piece of evidence before the request is sent. ErrNotFound, ErrStep, ErrLink.
func (p *Provider) Detach(ctx context.Context, b *Browser, secret, fileID string) error {
	return p.withRecovery(ctx, b, secret, func(w *work, _ store.Token, r store.Recovery) error {
		if r.State != string(recovery.Draft) { // what a reviewer saw stays
			return ErrStep
		}
		err := w.DeleteRecoveryFile(r.ID, fileID)
		if errors.Is(err, store.ErrNotFound) {
			err = ErrNotFound
		}
		return err
	})
}

// content is a whole file; its size is bounded by what was taken.
func content(tx *store.Tx, f store.RecoveryFile) ([]byte, error) {
	out := make([]byte, 0, f.Size)
	for n := 0; int64(len(out)) < f.Size; n++ {
		piece, err := tx.RecoveryPiece(f.ID, n)
		if err != nil {
			return nil, err
		}
		out = append(out, piece...)
	}
	return out, nil
}
