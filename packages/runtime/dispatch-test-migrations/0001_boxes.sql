create table boxes (box_id uuid primary key, label text not null);
