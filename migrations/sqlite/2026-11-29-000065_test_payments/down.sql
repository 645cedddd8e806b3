DROP TABLE test_objects;
