CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    placed_at timestamptz NOT NULL DEFAULT now(),
    item text NOT NULL,
    confirmed boolean NOT NULL DEFAULT false
);
INSERT INTO orders (item, confirmed)
SELECT 'tea number ' || number, true FROM generate_series(1, 1000) AS number;
