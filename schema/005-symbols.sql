-- Symbols that symbol files gave for frames whose report had none. They are the same for every report of the same
-- image: what is found once is shown wherever it fits.

-- One row for the function at that place (depth 0), one for each that the compiler put into it there (1 and more, the
-- innermost last). at: when it was looked up. source: what kind of file was asked.
create table found_symbol (
	id integer primary key,
	uuid text not null, -- of the image: lower case with dashes
	offset integer not null, -- from the image's start
	depth integer not null,
	symbol text, -- null: the file names nothing there; it is asked again after a day
	symbol_offset integer,
	source_file text,
	source_line integer,
	source text not null check (source in ('image', 'dsym')),
	at integer not null,
	unique (uuid, offset, depth)
) strict;

create view found_symbols as select
	s.uuid as uuid,
	printf('0x%x', s.offset) as offset,
	s.depth as depth,
	s.symbol as symbol,
	s.symbol_offset as symbol_offset,
	s.source_file as source_file,
	s.source_line as source_line,
	s.source as source,
	strftime('%Y-%m-%dT%H:%M:%S', s.at / 1000000, 'unixepoch') || printf('.%06dZ', s.at % 1000000) as found_at
from found_symbol s where s.symbol is not null;
