. "$LIB"
take agx-set-compute-pipeline-state.ips agx-prepare-for-enqueue.ips
run sql 'select site, fault_address, pid from incidents order by site'
run sql --json 'select site, pid, 1.5 as half, null as none from incidents order by site'
run sql --csv "select 'a,b' as x, 'say \"hi\"' as \"y z\", null, 3"
run sql "select char(27) || '[31mred' as evil, 'line' || char(10) || 'feed'"
run sql --json 'select 9007199254740993 as big, 1e300 as large, -0.5'
run sql 'select 1 where 0'
run sql --max-rows 2 "select value from json_each('[1,2,3,4,5]')"
run sql 'select nonsense'
run sql 'delete from incident'
run sql 'create temp table t (a)'
run sql 'pragma user_version = 9'
run sql "attach 'x.db' as x"
run sql --json --csv 'select 1'
run sql --timeout 1 'with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c'
run sql --csv "select count(*) from incidents"
ls
