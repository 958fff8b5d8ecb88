-- A payment that is to be cancelled has not ended.

DROP INDEX payment_unended;
CREATE INDEX payment_unended ON payment (state)
    WHERE state IN ('sending', 'unknown', 'not_seen', 'pending', 'cancel_wanted');
