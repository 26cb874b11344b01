BEGIN TRANSACTION;
CREATE TABLE absences (
	id INTEGER NOT NULL, 
	client_id TEXT NOT NULL, 
	venue_ms BIGINT NOT NULL, 
	not_found_code TEXT NOT NULL, 
	in_lists BOOLEAN NOT NULL, 
	stray_trades TEXT NOT NULL, 
	position_explained BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(client_id) REFERENCES intents (client_id)
);
INSERT INTO "absences" VALUES(1,'habcdefghij000000000000002',1700000000000,'-2013',0,'[]',1);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE anchors (
	venue TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	contracts TEXT NOT NULL, 
	cursor_trade_id TEXT, 
	cursor_ms BIGINT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	PRIMARY KEY (venue, symbol)
);
INSERT INTO "anchors" VALUES('main','BTC/USDT:USDT','-1.000','78',1700000000050,1700000000090);
CREATE TABLE decisions (
	id INTEGER NOT NULL, 
	hedge TEXT NOT NULL, 
	time_ms BIGINT NOT NULL, 
	first BOOLEAN NOT NULL, 
	"plan" TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "decisions" VALUES(1,'btc',1700000000000,1,'{"asset": "BTC", "symbol": "BTC/USDT:USDT", "kind": "linear", "verdict": "balanced", "reason": "the gap is worth 0", "holdings": [{"source": "spot", "venue": "main", "quantity": "1", "principal": "1", "wallets": ["spot", "funding"], "sent_ms": 1699999999960, "answered_ms": 1699999999980}, {"unknown": "earn of main", "reason": "HTTP 503"}], "exposure": "1", "principal": null, "short": "1", "target": null, "gap": "0", "gap_notional": null, "band_notional": null, "price": "100000", "mark": "100000", "liquidation_price": null, "order": null, "gap_after": "0", "alarm": false}');
CREATE TABLE epochs (
	epoch TEXT NOT NULL, 
	started_ms BIGINT NOT NULL, 
	PRIMARY KEY (epoch)
);
INSERT INTO "epochs" VALUES('abcdefghij',1700000000000);
CREATE TABLE fills (
	id INTEGER NOT NULL, 
	venue TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	trade_id TEXT NOT NULL, 
	venue_order_id TEXT NOT NULL, 
	client_id TEXT, 
	side TEXT NOT NULL, 
	contracts TEXT NOT NULL, 
	price TEXT NOT NULL, 
	mark TEXT NOT NULL, 
	fee TEXT NOT NULL, 
	fee_asset TEXT NOT NULL, 
	realized TEXT NOT NULL, 
	maker BOOLEAN NOT NULL, 
	time_ms BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (venue, symbol, trade_id), 
	FOREIGN KEY(client_id) REFERENCES intents (client_id)
);
INSERT INTO "fills" VALUES(1,'main','BTC/USDT:USDT','78','9001','habcdefghij000000000000001','sell','0.500','99990.5','99995.1','19.9981','USDT','0',0,1700000000050);
CREATE TABLE halts (
	id INTEGER NOT NULL, 
	venue TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	code TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	since_ms BIGINT NOT NULL, 
	cleared_ms BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "halts" VALUES(1,'main','BTC/USDT:USDT','guard.fills','3 fills moved nothing',1700000000000,NULL);
CREATE TABLE intents (
	id INTEGER NOT NULL, 
	client_id TEXT NOT NULL, 
	epoch TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	hedge TEXT NOT NULL, 
	venue TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	side TEXT NOT NULL, 
	contracts TEXT NOT NULL, 
	price TEXT NOT NULL, 
	time_in_force TEXT NOT NULL, 
	reduce_only BOOLEAN NOT NULL, 
	position_before TEXT NOT NULL, 
	cursor_trade_id TEXT, 
	cursor_ms BIGINT NOT NULL, 
	mark TEXT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	timestamp_ms BIGINT NOT NULL, 
	deadline_ms BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	filled TEXT NOT NULL, 
	average_price TEXT, 
	venue_order_id TEXT, 
	settled BOOLEAN NOT NULL, 
	detail TEXT NOT NULL, 
	updated_ms BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (epoch, sequence), 
	UNIQUE (client_id), 
	FOREIGN KEY(epoch) REFERENCES epochs (epoch)
);
INSERT INTO "intents" VALUES(1,'habcdefghij000000000000001','abcdefghij',1,'btc','main','BTC/USDT:USDT','sell','0.500','99500.10','IOC',0,'-0.5','77',1699999999000,'100000',1700000000000,1700000000005,1700000003005,'filled','0.5','99990.5','9001',1,'',1700000000000);
INSERT INTO "intents" VALUES(2,'habcdefghij000000000000002','abcdefghij',2,'btc','main','BTC/USDT:USDT','sell','0.500','99500.10','IOC',0,'-0.5','77',1699999999000,'100000',1700000000000,1700000000005,1700000003005,'unknown','0',NULL,NULL,0,'timeout',1700000000000);
CREATE TABLE memory (
	hedge TEXT NOT NULL, 
	remembered TEXT NOT NULL, 
	PRIMARY KEY (hedge)
);
INSERT INTO "memory" VALUES('btc','{"seen": "1.5"}');
CREATE INDEX decisions_hedge ON decisions (hedge, id);
CREATE UNIQUE INDEX halts_one_open ON halts (venue, symbol, code) WHERE cleared_ms IS NULL;
CREATE UNIQUE INDEX intents_one_unfinished ON intents (venue, symbol) WHERE state IN ('armed', 'acked', 'partially-filled', 'unknown');
CREATE UNIQUE INDEX intents_venue_order ON intents (venue, symbol, venue_order_id);
CREATE INDEX intents_created ON intents (venue, symbol, created_ms);
CREATE INDEX intents_unsettled ON intents (venue, symbol) WHERE NOT settled;
CREATE INDEX ix_absences_client_id ON absences (client_id);
COMMIT;
