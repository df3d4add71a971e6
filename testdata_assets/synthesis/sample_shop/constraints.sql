-- What follows the data. Blocks `keys_TABLE` run as soon as their table is loaded; the others in the
-- order written, once everything is there.

-- name: keys_users
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
CREATE UNIQUE INDEX users_username_lower_key ON users (lower(username));
CREATE INDEX users_search_idx ON users USING gin (search);

-- name: keys_addresses
ALTER TABLE addresses ADD CONSTRAINT addresses_pkey PRIMARY KEY (id);
CREATE INDEX addresses_user_id_idx ON addresses (user_id);
CREATE STATISTICS addresses_city_postcode (dependencies, mcv) ON city, postcode FROM addresses;

-- name: keys_employees
ALTER TABLE employees ADD CONSTRAINT employees_pkey PRIMARY KEY (id);
ALTER TABLE employees ADD CONSTRAINT employees_email_key UNIQUE (email);

-- name: keys_newsletter_subscribers
ALTER TABLE newsletter_subscribers ADD CONSTRAINT newsletter_subscribers_pkey PRIMARY KEY (email);

-- name: keys_newsletter_deliveries
ALTER TABLE newsletter_deliveries ADD CONSTRAINT newsletter_deliveries_pkey PRIMARY KEY (id);
CREATE INDEX newsletter_deliveries_subscriber_idx ON newsletter_deliveries (subscriber_email);

-- name: keys_coupon_claims
ALTER TABLE coupon_claims ADD CONSTRAINT coupon_claims_pkey PRIMARY KEY (subscriber_email, coupon_code);

-- name: keys_coupon_redemptions
ALTER TABLE coupon_redemptions ADD CONSTRAINT coupon_redemptions_pkey PRIMARY KEY (id);

-- name: keys_categories
ALTER TABLE categories ADD CONSTRAINT categories_pkey PRIMARY KEY (id);
ALTER TABLE categories ADD CONSTRAINT categories_slug_key UNIQUE (slug);

-- name: keys_products
ALTER TABLE products ADD CONSTRAINT products_pkey PRIMARY KEY (id);
ALTER TABLE products ADD CONSTRAINT products_sku_key UNIQUE (sku);

-- name: keys_subscriptions
ALTER TABLE subscriptions ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (id);
ALTER TABLE subscriptions ADD CONSTRAINT subscriptions_reference_key UNIQUE (reference);

-- name: keys_orders
ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE orders ADD CONSTRAINT orders_order_number_key UNIQUE (order_number);
CREATE INDEX orders_user_id_placed_at_idx ON orders (user_id, placed_at);

-- name: keys_order_items
ALTER TABLE order_items ADD CONSTRAINT order_items_pkey PRIMARY KEY (order_id, line_number);

-- name: keys_support_tickets
ALTER TABLE support_tickets ADD CONSTRAINT support_tickets_pkey PRIMARY KEY (id);
CREATE INDEX support_tickets_open_idx ON support_tickets (priority, created_at) WHERE resolved_at IS NULL;

-- name: keys_audit_log
ALTER TABLE audit_log ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

-- name: keys_sessions
ALTER TABLE sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE sessions ADD CONSTRAINT sessions_token_key UNIQUE (token);

-- name: keys_payments
ALTER TABLE payments ADD CONSTRAINT payments_pkey PRIMARY KEY (paid_at, id);
CREATE INDEX payments_order_id_idx ON payments (order_id);

-- name: foreign_keys
-- users and addresses point at each other: a cycle, which a loader must not try to sort.
ALTER TABLE addresses ADD CONSTRAINT addresses_user_id_fkey FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE users ADD CONSTRAINT users_default_address_id_fkey
    FOREIGN KEY (default_address_id) REFERENCES addresses DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE employees ADD CONSTRAINT employees_manager_id_fkey FOREIGN KEY (manager_id) REFERENCES employees;
ALTER TABLE categories ADD CONSTRAINT categories_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES categories;
ALTER TABLE products ADD CONSTRAINT products_category_id_fkey FOREIGN KEY (category_id) REFERENCES categories;
ALTER TABLE subscriptions ADD CONSTRAINT subscriptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE newsletter_deliveries ADD CONSTRAINT newsletter_deliveries_subscriber_email_fkey
    FOREIGN KEY (subscriber_email) REFERENCES newsletter_subscribers ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE coupon_claims ADD CONSTRAINT coupon_claims_subscriber_email_fkey
    FOREIGN KEY (subscriber_email) REFERENCES newsletter_subscribers ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE order_items ADD CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE order_items ADD CONSTRAINT order_items_product_id_fkey FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE payments ADD CONSTRAINT payments_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE coupon_redemptions ADD CONSTRAINT coupon_redemptions_claim_fkey
    FOREIGN KEY (subscriber_email, coupon_code) REFERENCES coupon_claims ON UPDATE CASCADE;
ALTER TABLE coupon_redemptions ADD CONSTRAINT coupon_redemptions_order_id_fkey
    FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE support_tickets ADD CONSTRAINT support_tickets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE support_tickets ADD CONSTRAINT support_tickets_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE support_tickets ADD CONSTRAINT support_tickets_assigned_to_fkey
    FOREIGN KEY (assigned_to) REFERENCES employees;
ALTER TABLE sessions ADD CONSTRAINT sessions_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;

-- name: views
CREATE VIEW customer_overview AS
    SELECT u.id, u.full_name, u.email, u.country, u.status,
           (SELECT count(*) FROM orders o WHERE o.user_id = u.id) AS orders
    FROM users u;

CREATE VIEW ticket_queue AS
    SELECT t.id, t.subject, t.priority, u.display_name AS customer, e.first_name || ' ' || e.last_name AS agent,
           t.created_at
    FROM support_tickets t
    JOIN users u ON u.id = t.user_id
    LEFT JOIN employees e ON e.id = t.assigned_to
    WHERE t.resolved_at IS NULL;

CREATE MATERIALIZED VIEW customer_lifetime_value AS
    SELECT u.id AS user_id, u.full_name, u.email, u.country, o.orders, o.spent, o.last_order_at
    FROM users u
    JOIN (SELECT user_id, count(*) AS orders, sum(total) AS spent, max(placed_at) AS last_order_at
          FROM orders WHERE status NOT IN ('cancelled', 'returned') GROUP BY user_id) o ON o.user_id = u.id;
CREATE UNIQUE INDEX customer_lifetime_value_user_id_key ON customer_lifetime_value (user_id);
COMMENT ON MATERIALIZED VIEW customer_lifetime_value IS 'Refreshed nightly; stores names and e-mails of its own.';

-- name: triggers
CREATE FUNCTION audit_user_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_log (table_name, row_id, action, changed_by, old_email, new_email, changes)
    VALUES ('users', NEW.id, lower(TG_OP), current_setting('shop.employee', true), OLD.email, NEW.email,
            CASE WHEN OLD.phone IS DISTINCT FROM NEW.phone
                 THEN jsonb_build_object('phone', jsonb_build_object('old', OLD.phone, 'new', NEW.phone)) END);
    RETURN NULL;
END
$$;
CREATE TRIGGER users_audit AFTER UPDATE OF email, phone ON users
    FOR EACH ROW WHEN (OLD.email::text IS DISTINCT FROM NEW.email::text OR OLD.phone IS DISTINCT FROM NEW.phone)
    EXECUTE FUNCTION audit_user_change();

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := greatest(now(), OLD.created_at);
    RETURN NEW;
END
$$;
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
