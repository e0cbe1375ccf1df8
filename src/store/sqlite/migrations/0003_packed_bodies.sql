-- Bodies of deliveries are packed (LZ4 block format): less to write before a sender has its answer.
-- raw_len: length before packing; 0: the body stands there as it came.
ALTER TABLE delivery_bodies ADD COLUMN raw_len INTEGER NOT NULL DEFAULT 0;
